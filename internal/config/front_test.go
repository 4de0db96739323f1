package config

import (
	"strings"
	"testing"
)

func TestBasePath(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "/": "", "/chatmood": "/chatmood", "/chatmood/": "/chatmood", "/a/b-c_d.e~f": "/a/b-c_d.e~f", "/_x": "/_x", "/apis": "/apis",
	} {
		c, err := Load(lookup(map[string]string{"BASE_PATH": given}), "")
		if err != nil || c.BasePath != want {
			t.Errorf("%q: %+v, %v, want %q", given, c, err, want)
		}
	}
	for given, says := range map[string]string{
		"chatmood": "a path like /chatmood", "https://x.example/y": "a path like /chatmood", "//x": "a path like", "/a//b": "a path like", "/a/../b": "a path like",
		"/.x": "a path like", `/a"b`: "a path like", "/a b": "a path like", "/a?b": "a path like", "/a$1": "a path like", "/" + strings.Repeat("x", 200): "at most 200",
		"/api": "answers below /api", "/ws/x": "answers below /ws", "/assets": "choose another",
	} {
		_, err := Load(lookup(map[string]string{"BASE_PATH": given}), "")
		if err == nil || !strings.Contains(err.Error(), "BASE_PATH") || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", given, err, says)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{}, "http://own"},
		{map[string]string{"BASE_PATH": "/x"}, "http://own/x"},
		{map[string]string{"FRONTEND_URL": "https://mood.example"}, "https://mood.example"},
		{map[string]string{"FRONTEND_URL": "https://mood.example/", "BASE_PATH": "/x/"}, "https://mood.example/x"},
	} {
		c, err := Load(lookup(tc.env), "")
		if err != nil || c.PublicURL("http://own") != tc.want {
			t.Errorf("%v: %q, %v, want %q", tc.env, c.PublicURL("http://own"), err, tc.want)
		}
	}
	if _, err := Load(lookup(map[string]string{"FRONTEND_URL": "https://mood.example/x"}), ""); err == nil || !strings.Contains(err.Error(), "BASE_PATH") {
		t.Errorf("a path in FRONTEND_URL: %v", err)
	}
}

func TestEmoteImages(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "off": "", "OFF": "", "twitch": "https://static-cdn.jtvnw.net", "https://Emotes.example/": "https://emotes.example", "http://127.0.0.1:99": "http://127.0.0.1:99",
	} {
		c, err := Load(lookup(map[string]string{"EMOTE_IMAGES": given}), "")
		if err != nil || c.EmoteImages != want {
			t.Errorf("%q: %+v, %v, want %q", given, c, err, want)
		}
	}
	for _, given := range []string{"on", "http://emotes.example", "https://x.example/path", "https://x.example?a", "https://u:p@x.example", "ftp://x", "https://a b", "https://x;y", "https://*", "//x.example"} {
		if _, err := Load(lookup(map[string]string{"EMOTE_IMAGES": given}), ""); err == nil || !strings.Contains(err.Error(), "EMOTE_IMAGES") {
			t.Errorf("%q: %v", given, err)
		}
	}
}
