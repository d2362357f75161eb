/** A runtime that does nothing. */
console.log(JSON.stringify({ pid: process.pid }))
setInterval(() => {}, 2 ** 30)
