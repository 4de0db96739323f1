package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	hide := secrets{"hush-hush", "x"}
	err := hide.mask(fmt.Errorf("hush-hush is the next word: %w", context.Canceled))
	if text := err.Error(); strings.Contains(text, "hush") || !strings.Contains(text, "next word") {
		t.Errorf("masked as %q", text)
	}
	if !errors.Is(err, context.Canceled) {
		t.Error("the cause is lost")
	}
	var m masked
	if errors.As(hide.mask(errors.New("nothing here")), &m) {
		t.Error("an error without secrets was changed")
	}
}

func TestPartKeys(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"", "%", "%%", "a.b", "a%2Eb", "$a", ".", "\x00", "%00", "12", "chatters/7", "名前 '; --"} {
		key := partKey(name)
		if key == "" || strings.ContainsAny(key, ".$\x00") {
			t.Errorf("name %q has key %q", name, key)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("names %q and %q have one key %q", name, other, key)
		}
		seen[key] = name
		if back := partName(key); back != name {
			t.Errorf("name %q came back as %q", name, back)
		}
	}
}
