"""The user pairs with the most similar movie sets, the recall of the search, their correlation."""
