kind "job" {
  description = "A request of the platform to itself, on a schedule"
  provider    = "cloudelements"
  collection  = "/jobs"

  # The service changes nothing of a job but its schedule: any other change replaces it. What it sends is not known to come back.
  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
    replace = true
  }
  attribute "description" {
    type    = string
    replace = true
  }
  attribute "cron" { # Quartz; on shared environments at least 15 minutes apart
    type     = string
    required = true
    replace  = true
    at       = "trigger.cron"
  }
  attribute "method" {
    type     = string
    required = true
    replace  = true
    echo     = false
  }
  attribute "uri" {
    type     = string
    required = true
    replace  = true
    echo     = false
  }
  attribute "body" {
    type    = map(any)
    replace = true
    echo    = false
  }
  attribute "query" {
    type    = map(any)
    replace = true
    echo    = false
  }
  attribute "headers" {
    type      = map(any)
    replace   = true
    sensitive = true
    echo      = false
  }
  attribute "instance" { # the element instance whose API is called
    type    = string
    replace = true
    at      = "instanceId"
    echo    = false
  }
  attribute "enabled" { # whether it is so is not told: what was last set counts
    type = bool
    on   = "PUT object/enable"
    off  = "PUT object/disable"
  }

  create { reread = true } # the answer has the id alone
  update {}                # switches alone: see above
  list {
    page {
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
  }
  data { plural = "jobs" }
}
