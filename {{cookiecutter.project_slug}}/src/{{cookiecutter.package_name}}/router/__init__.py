"""One door to several models: asks their endpoints at once, and answers with one of them.

`choice.py` says with which; change it there. `lambda_handler.py` is the door behind API Gateway,
and `route.py` the same door on this machine. The files that go to Lambda, listed in `package.py`,
import each other and boto3 alone.
"""
