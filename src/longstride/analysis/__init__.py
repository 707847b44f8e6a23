"""The paper's figures and tables as numbers, read from the logs of a run; `report` draws them."""
