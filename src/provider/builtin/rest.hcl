provider "rest" {
  description = "Any other REST API"

  argument "base_url" {
    type     = string
    required = true
  }
  argument "headers" {
    type      = map(string)
    default   = {}
    sensitive = true
  }
  argument "bearer_token" {
    type      = string
    sensitive = true
  }

  base_url = trimsuffix(base_url, "/")
  headers  = merge(bearer_token == null ? {} : { Authorization = "Bearer ${bearer_token}" }, headers)
}
