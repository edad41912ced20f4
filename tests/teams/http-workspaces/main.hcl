isotope {
  backend "http" {
    address      = "${env("STATE_SERVER")}/state/desk-${isotope.workspace}"
    lock_address = "${env("STATE_SERVER")}/state/desk-${isotope.workspace}"
    username     = "ann"
    password     = env("STATE_PASSWORD")
  }
}

value "greeting" {
  input = "hello from ${isotope.workspace}"
}
