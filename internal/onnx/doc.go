// Package onnx judges chat with a user's own text classifier in ONNX form,
// beside the fast engine of package sentiment.
//
// A transformer on a processor judges some tens or hundreds of messages a
// second, a busy chat holds more than that for as long as it is exciting. So
// nothing ever waits for the model without a limit: messages are judged in
// batches by workers of their own ([Engine]), a [Gate] holds a channel's
// events in their order until their judgement is there or their time is up, and
// what the model did not get to keeps the judgement of the fast engine. Both are
// counted ([Engine.Stats]).
package onnx
