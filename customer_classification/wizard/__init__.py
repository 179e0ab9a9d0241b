from . import classification_back_test
