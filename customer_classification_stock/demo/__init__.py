from . import delivery_demo
