"""``python -m clarifai_http_annotations.cli``."""

from . import main

if __name__ == "__main__":
    main()
