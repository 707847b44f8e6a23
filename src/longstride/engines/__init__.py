"""What trains and samples: on one machine (`local`), on a cluster inside verl (`verl`)."""
