"""What a person clicks in JupyterLab. Nothing here decides: a widget calls the functions that the cells call."""
