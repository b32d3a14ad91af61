"""Tables 1 and 2 of Zhang et al. (2020): mean Dice in per cent, error of the matrices; the methods have our names."""

PAPER = {
    "mnist": {
        "dense": {
            "mean": {"dice": 38.36}, "mode": {"dice": 62.89}, "separate": {"dice": 70.44},
            "staple": {"dice": 78.03, "cm_rmse": 0.1241}, "spatial_staple": {"dice": 78.96, "cm_rmse": 0.1195},
            "lambda_0": {"dice": 79.63, "cm_rmse": 0.1125}, "lambda_0.001": {"dice": 82.02, "cm_rmse": 0.0979},
            "lambda_0.01": {"dice": 82.73, "cm_rmse": 0.0913}, "lambda_0.1": {"dice": 82.92, "cm_rmse": 0.0893},
            "lambda_0.7": {"dice": 82.97, "cm_rmse": 0.0887}, "lambda_0.9": {"dice": 82.94, "cm_rmse": 0.0891},
            "oracle": {"dice": 83.29, "cm_rmse": 0.0238},
        },
        "single": {
            "mean": {"dice": 32.79}, "staple": {"dice": 54.07, "cm_rmse": 0.2617},
            "spatial_staple": {"dice": 56.73, "cm_rmse": 0.2384},
            "lambda_0": {"dice": 74.48, "cm_rmse": 0.1538}, "lambda_0.001": {"dice": 75.42, "cm_rmse": 0.1402},
            "lambda_0.01": {"dice": 75.93, "cm_rmse": 0.1394}, "lambda_0.1": {"dice": 76.48, "cm_rmse": 0.1329},
            "lambda_0.7": {"dice": 76.51, "cm_rmse": 0.1324}, "lambda_0.9": {"dice": 76.49, "cm_rmse": 0.1326},
        },
    },
    "ms": {
        "dense": {
            "mean": {"dice": 46.55}, "mode": {"dice": 47.82}, "separate": {"dice": 46.84},
            "staple": {"dice": 55.05, "cm_rmse": 0.1502}, "spatial_staple": {"dice": 58.37, "cm_rmse": 0.1483},
            "lambda_0": {"dice": 65.77, "cm_rmse": 0.1342}, "lambda_0.001": {"dice": 66.23, "cm_rmse": 0.0956},
            "lambda_0.01": {"dice": 66.42, "cm_rmse": 0.0939}, "lambda_0.1": {"dice": 67.55, "cm_rmse": 0.0811},
            "lambda_0.7": {"dice": 67.58, "cm_rmse": 0.0805}, "lambda_0.9": {"dice": 67.56, "cm_rmse": 0.0809},
            "oracle": {"dice": 78.86, "cm_rmse": 0.0415},
        },
        "single": {
            "mean": {"dice": 27.41}, "staple": {"dice": 35.74, "cm_rmse": 0.2833},
            "spatial_staple": {"dice": 38.21, "cm_rmse": 0.2591},
            "lambda_0": {"dice": 54.76, "cm_rmse": 0.1745}, "lambda_0.001": {"dice": 55.67, "cm_rmse": 0.1623},
            "lambda_0.01": {"dice": 55.81, "cm_rmse": 0.1581}, "lambda_0.1": {"dice": 56.43, "cm_rmse": 0.1542},
            "lambda_0.7": {"dice": 56.49, "cm_rmse": 0.1538}, "lambda_0.9": {"dice": 56.45, "cm_rmse": 0.1540},
        },
    },
}
