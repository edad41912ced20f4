kind "thing" {
  description = "A thing of one's own"
  provider    = "rest"
  collection  = "/things"

  attribute "name" {
    type     = string
    required = true
  }
  attribute "parts" { type = list(object({ name = string, count = optional(number) })) }
}
