package process

// argument is where an assembly function that just began finds the argument
// for the Go function that it calls: above the word for the link register.
const argument = 1
