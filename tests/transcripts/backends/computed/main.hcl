isotope {
  backend "sled" {
    path = "${var.place}/${env("TEAM")}"
  }
}

variable "place" {
  default = "states"
}

value "a" {
  input = "hello"
}
