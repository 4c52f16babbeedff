"""Active learning: query strategies, model selection and calibration."""
