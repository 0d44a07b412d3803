"""The EC2 API of the lab: what the runbook and the `aws` CLI use of it, as strict as the real one."""
