import {
  to = instance.support
  id = "7"
}
