"""The ARM API of the lab: Microsoft.Network and the used part of Microsoft.Compute, as strict as the real ones."""
