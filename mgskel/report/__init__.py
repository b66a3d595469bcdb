"""What the other rooms found goes in; pages, pictures, films and methods texts come out.

Each page is one file that needs nothing else, not even a network.
"""
