isotope {
  backend "sled" {
    path = "one"
  }
}

value "a" {
  input = "hello"
}
