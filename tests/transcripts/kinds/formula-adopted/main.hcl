formula "greet" {
  description = "Says hello"
  steps       = [{ name = "say", type = "script", properties = { body = "done({});" } }]
}

import {
  to = formula.greet
  id = "201"
}
