# The document's procedure on EC2: disable the source/destination check of each node's instance.
$NODES | while read -r _name _address _pods id; do
    aws ec2 modify-instance-attribute --instance-id "${id##*/}" --no-source-dest-check
done
