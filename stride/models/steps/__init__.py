"""What the steps of a model take and give: a batch, and its mean loss with what is recorded."""
