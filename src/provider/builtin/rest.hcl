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
  argument "query" {
    type      = map(string)
    default   = {}
    sensitive = true
  }
  argument "bearer_token" {
    type      = string
    sensitive = true
  }
  argument "basic_auth" {
    type      = object({ username = string, password = string })
    sensitive = true
  }
  argument "errors" { type = object({ message = optional(string), detail = optional(string), request_id = optional(string) }) }
  argument "ca_file" { type = string }
  argument "client_certificate" { type = string }
  argument "client_key" { type = string }

  base_url = trimsuffix(base_url, "/")
  headers = merge(
    basic_auth == null ? {} : {
      Authorization = "Basic ${base64encode("${basic_auth.username}:${basic_auth.password}")}"
    },
    bearer_token == null ? {} : { Authorization = "Bearer ${bearer_token}" },
    headers,
  )
  query  = query
  errors = errors == null ? {} : errors
  files  = { ca = ca_file, certificate = client_certificate, key = client_key }
}
