"""One file a kind of recognizer: of cut clips, of recordings, of labels of frames, of several."""
