// Whoever looks for `--max-total` means the option: to the search a hyphen before a word would mean "without it".
(() => {
  const QUERY = 2 // the kind of message with which the page asks
  const asks = Worker.prototype.postMessage
  const asWords = (text) => text.replace(/(^|\s)-+([a-z][\w-]*)/gi, (_, gap, name) => `${gap}"${name.replaceAll("-", " ")}"`)
  Worker.prototype.postMessage = function (message, ...others) {
    const isQuery = message?.type === QUERY && typeof message.data === "string"
    return asks.call(this, isQuery ? { ...message, data: asWords(message.data) } : message, ...others)
  }
})()
