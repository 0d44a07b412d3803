# The document's procedure on Azure: enable IP forwarding of each node's NIC, a route table with a route to each node's
# pods, and the table on the nodes' subnets.
vnet=$(az network vnet list --query '[0].[resourceGroup,name,location]' --output tsv | tr '\n' ' ')
read -r group network location <<<"$vnet"
az network route-table create --resource-group="$group" --name=pods --location="$location" --output none
$NODES | while read -r name address pods id; do
    nic=$(az vm show --ids "${id#azure://}" --query 'networkProfile.networkInterfaces[0].id' --output tsv </dev/null)
    az network nic update --ids "$nic" --ip-forwarding true --output none </dev/null
    az network route-table route create --resource-group="$group" --route-table-name=pods --name="pods-$name" \
        --address-prefix="$pods" --next-hop-type=VirtualAppliance --next-hop-ip-address="$address" \
        --output none </dev/null
done
for subnet in $(az network nic list --query '[].ipConfigurations[].subnet.id' --output tsv | sort -u); do
    az network vnet subnet update --ids "$subnet" --route-table=pods --output none
done
