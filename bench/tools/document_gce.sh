# The document's procedure on GCE: enable IP forwarding of each node's VM, and add a static route to its pods.
$NODES | while read -r name _address pods id; do
    IFS=/ read -r _project zone machine <<<"${id#gce://}"
    gcloud compute instances export "$machine" --zone="$zone" --destination=vm.yaml </dev/null
    sed -i 's/canIpForward: false/canIpForward: true/' vm.yaml
    gcloud compute instances update-from-file "$machine" --zone="$zone" --source=vm.yaml \
        --most-disruptive-allowed-action=REFRESH </dev/null
    gcloud compute routes create "pods-$name" --network="$NETWORK" --destination-range="$pods" \
        --next-hop-instance="$machine" --next-hop-instance-zone="$zone" </dev/null
done
