from . import classification_demo
