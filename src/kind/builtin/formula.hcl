kind "formula" {
  description = "A formula template: triggers and steps that work on element instances"
  provider    = "cloudelements"
  collection  = "/formulas"

  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
  }
  attribute "description" { type = string }
  attribute "active" {
    type    = bool
    initial = true
  }
  attribute "engine" { # "v1" or "v3"
    type    = string
    initial = "v1"
  }
  attribute "debug_logging" {
    type    = bool
    at      = "debugLoggingEnabled" # false needs the engine "v3"
    initial = true
  }
  attribute "single_threaded" {
    type    = bool
    at      = "singleThreaded"
    initial = false
  }
  # Names inside these values are the API's own.
  attribute "configuration" { # variables, filled in by each formula_instance
    type = list(object({
      key         = string
      name        = string
      type        = string # "value" or "elementInstance"
      description = optional(string)
      required    = optional(bool)
    }))
    partial = true
  }
  attribute "triggers" {
    type = list(object({
      type       = string # "event", "elementRequest", "scheduled" or "manual"
      name       = optional(string)
      async      = optional(bool)
      onSuccess  = optional(list(string))
      onFailure  = optional(list(string))
      properties = optional(map(any))
    }))
    partial = true
  }
  attribute "steps" {
    type = list(object({
      name       = string
      type       = string # "script", "filter", "elementRequest", "httpRequest", "loop", …
      onSuccess  = optional(list(string))
      onFailure  = optional(list(string))
      properties = optional(map(any))
    }))
    partial = true
  }
  attribute "api" { type = string }
  attribute "uri" { type = string }
  attribute "method" { type = string }
  computed "id" { type = number }
  computed "created_date" {
    type = string
    at   = "createdDate"
  }

  update { request = "PUT object" } # PATCH does not take steps, triggers and variables
  list {
    empty = [404]
    page {
      size         = 200
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
  }
  data { plural = "formulas" }
}
