"""What a camera sees, with the skeleton and the last gestures on it, in a window.

The window is Tk's, which comes with Python and opens no connection to anything.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mgskel.core.errors import MissingDependency
from mgskel.core.events import GestureEvent
from mgskel.core.skeleton import Skeleton
from mgskel.report.films.overlay import Canvas, Ground
from mgskel.spotting.live import LiveFrame

_WIDEST, _LINE = 960, 24


class LiveView:
    """Draws a moment: ground, skeleton, and the last gestures in words."""

    def __init__(self, ground: Ground = "picture") -> None:
        import cv2

        self._cv2: Any = cv2
        self._ground = ground
        self._canvas: Canvas | None = None

    def draw(
        self, moment: LiveFrame, skeleton: Skeleton, events: Sequence[GestureEvent]
    ) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        picture = moment.frame.image
        height, width = picture.shape[:2]
        if self._canvas is None:
            self._canvas = Canvas(skeleton, (width, height), _WIDEST)
        canvas = self._canvas
        image = (
            canvas.blank()
            if self._ground == "blank"
            else canvas.blurred(picture)
            if self._ground == "blur"
            else self._cv2.resize(picture, canvas.size)
        )
        if moment.person is not None:
            canvas.draw(image, moment.person.keypoints, moment.person.scores)
        if events:  # white words are read on whatever is darkened
            band = image[-_LINE * len(events) - _LINE // 2 :]
            band[:] = self._cv2.convertScaleAbs(band, alpha=0.35)
        for row, event in enumerate(reversed(events)):
            text = f"{event.start_s:.1f} s  {event.label}  {event.score:.2f}"
            place = (10, image.shape[0] - 14 - _LINE * row)
            self._cv2.putText(image, text, place, self._cv2.FONT_HERSHEY_SIMPLEX, 0.6,
                              (255, 255, 255), 1, self._cv2.LINE_AA)  # fmt: skip
        return image


class Window:
    """Shows moments; `closed` once its user has closed it."""

    def __init__(self, view: LiveView) -> None:
        import tkinter

        self._view = view
        self._root = tkinter.Tk()
        self._root.title("mgskel live")
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._shown: Any = None
        self.closed = False
        self._root.protocol("WM_DELETE_WINDOW", self._close)

    def show(self, moment: LiveFrame, skeleton: Skeleton, events: Sequence[GestureEvent]) -> float:
        """Draw a moment; returns the seconds that drawing took."""
        from PIL import Image, ImageTk

        begin = time.thread_time()
        image = self._view.draw(moment, skeleton, events)
        spent = time.thread_time() - begin
        self._shown = ImageTk.PhotoImage(Image.fromarray(image))  # Tk keeps no reference itself
        self._label.configure(image=self._shown)
        self._root.update()
        return spent

    def close(self) -> None:
        if not self.closed:
            self._root.destroy()

    def _close(self) -> None:
        self.close()
        self.closed = True


def open_window(ground: Ground) -> tuple[Window | None, str]:
    """A window, or none and why."""
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return None, "no display"
    try:
        import tkinter

        return Window(LiveView(ground)), ""
    except (ImportError, MissingDependency) as error:
        return None, str(error).splitlines()[0]
    except tkinter.TclError as error:
        return None, str(error)
