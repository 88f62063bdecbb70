"""The pages: values of the API in, HTML out."""
