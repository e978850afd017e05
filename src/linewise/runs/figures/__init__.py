"""What runs show: rates, costs, comparisons; and the words in which terminal and reports say so."""
