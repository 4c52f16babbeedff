"""Problems of classic control as Gymnasium has them, many at once in NumPy."""
