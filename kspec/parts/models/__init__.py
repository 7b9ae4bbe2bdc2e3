"""Model families that Keras has no application for: functions that return an ordinary `keras.Model`."""
