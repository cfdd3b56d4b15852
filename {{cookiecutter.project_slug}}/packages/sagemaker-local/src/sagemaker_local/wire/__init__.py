"""AWS's protocol over the client and the bucket: what boto3 and the AWS CLI send is answered."""
