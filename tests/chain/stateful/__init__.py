"""The contract driven at random by honest and hostile actors, beside a model of its rules."""
