"""``python -m sagemaker_local``; ``--help`` says what there is."""

from sagemaker_local.wire.serve import main

if __name__ == "__main__":
    main()
