package mail

import "bytes"

// Wire returns a message as it is sent.
func Wire(m Message) ([]byte, error) {
	msg, err := m.build()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = msg.WriteTo(&b)
	return b.Bytes(), err
}
