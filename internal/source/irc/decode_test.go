package irc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatmood/internal/chat"
)

// typicalLine is about as long as the median of a big channel.
const typicalLine = "@badge-info=subscriber/8;badges=subscriber/6;client-nonce=0a1b2c3d4e5f60718293a4b5c6d7e8f9;color=#1E90FF;display-name=Viewer_One;emotes=25:6-10;first-msg=0;flags=;id=3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c;mod=0;returning-chatter=0;room-id=900000001;subscriber=1;tmi-sent-ts=1767225600123;turbo=0;user-id=910000001;user-type= :viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #streamer_demo :hello Kappa that was a good one"

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// sampleLines are the forms that Twitch sends, with invented names. A nil want
// is a line that is no event.
var sampleLines = []struct {
	name string
	line string
	want *chat.Event
}{
	{"CAP", ":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands", nil},
	{"welcome", ":tmi.twitch.tv 001 justinfan48151 :Welcome, GLHF!", nil},
	{"end of welcome", ":tmi.twitch.tv 376 justinfan48151 :>", nil},
	{"JOIN", ":justinfan48151!justinfan48151@justinfan48151.tmi.twitch.tv JOIN #streamer_demo", nil},
	{"names", ":justinfan48151.tmi.twitch.tv 353 justinfan48151 = #streamer_demo :justinfan48151", nil},
	{"ROOMSTATE", "@emote-only=0;followers-only=-1;r9k=0;room-id=900000001;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #streamer_demo", nil},
	{"NOTICE", "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #c :This channel has been suspended.", nil},
	{"GLOBALUSERSTATE", "@badge-info=;badges=;color=#19E6E6;display-name=Bot_Demo;emote-sets=0,33;user-id=920000001;user-type= :tmi.twitch.tv GLOBALUSERSTATE", nil},
	{"WHISPER", "@badges=;color=#1E90FF;display-name=Viewer_One;emotes=25:6-10;message-id=1;thread-id=910000001_920000001;turbo=0;user-id=910000001;user-type= :viewer_one!viewer_one@viewer_one.tmi.twitch.tv WHISPER bot_demo :hello Kappa", nil},
	{"HOSTTARGET", ":tmi.twitch.tv HOSTTARGET #a :b 12", nil},
	{"PING", "PING :tmi.twitch.tv", nil},
	{"RECONNECT", ":tmi.twitch.tv RECONNECT", nil},
	{
		"message",
		"@badge-info=;badges=;client-nonce=0a1b2c3d4e5f60718293a4b5c6d7e8f9;color=#1E90FF;display-name=Viewer_One;emotes=25:6-10;first-msg=0;flags=;id=3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c;mod=0;returning-chatter=0;room-id=900000001;subscriber=0;tmi-sent-ts=1767225600123;turbo=0;user-id=910000001;user-type= :viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #streamer_demo :hello Kappa",
		&chat.Event{Kind: chat.KindMessage, Channel: "streamer_demo", Time: at(1767225600123), Message: chat.Message{
			ID: "3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c", Channel: "streamer_demo", Time: at(1767225600123),
			UserID: "910000001", Login: "viewer_one", DisplayName: "Viewer_One", Color: "#1E90FF", Text: "hello Kappa",
			Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 6, End: 11}}, RoomID: "900000001",
		}},
	},
	{
		"message written again, no colon, other order",
		"@tmi-sent-ts=1767225600123;id=a1;badges=subscriber/6,premium/1;room-id=1 :viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #streamer_demo hello",
		&chat.Event{Kind: chat.KindMessage, Channel: "streamer_demo", Time: at(1767225600123), Message: chat.Message{
			ID: "a1", Channel: "streamer_demo", Time: at(1767225600123), Login: "viewer_one", Text: "hello", RoomID: "1", Subscriber: true,
			Badges: []chat.Badge{{Name: "subscriber", Version: "6"}, {Name: "premium", Version: "1"}},
		}},
	},
	{
		"no tags",
		":viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #Streamer_Demo :hello",
		&chat.Event{Kind: chat.KindMessage, Channel: "streamer_demo", Message: chat.Message{
			Channel: "streamer_demo", Login: "viewer_one", Text: "hello",
		}},
	},
	{
		"old time stamp, empty nick",
		"@sent-ts=1400000000000;user-id=7;room-id=7 :!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #a :x",
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Time: at(1400000000000), Message: chat.Message{
			Channel: "a", Time: at(1400000000000), Login: "viewer_one", Text: "x", UserID: "7", RoomID: "7", Broadcaster: true,
		}},
	},
	{
		"badges of every kind",
		`@badges=broadcaster/1,predictions/Day\s53/53,vip/1,moderator/1;display-name=Riot\sGames\s :riot!riot@riot.tmi.twitch.tv PRIVMSG #a :x`,
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			Channel: "a", Login: "riot", DisplayName: "Riot Games", Text: "x", Broadcaster: true, VIP: true, Moderator: true,
			Badges: []chat.Badge{{Name: "broadcaster", Version: "1"}, {Name: "predictions", Version: "Day 53/53"}, {Name: "vip", Version: "1"}, {Name: "moderator", Version: "1"}},
		}},
	},
	{
		"cheer, first, returning, highlighted, mod, vip",
		"@bits=100;first-msg=1;returning-chatter=1;msg-id=highlighted-message;mod=1;vip=1 :v!v@v PRIVMSG #a :Cheer100 wow",
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			Channel: "a", Login: "v", Text: "Cheer100 wow", Bits: 100, First: true, Returning: true, Highlighted: true, Moderator: true, VIP: true,
		}},
	},
	{
		"reply",
		`@emotes=1902:14-18;reply-parent-msg-id=p1;reply-parent-user-id=2;reply-parent-user-login=viewer_two;reply-parent-display-name=Viewer_Two;reply-parent-msg-body=what\sis\:\sthis;reply-thread-parent-msg-id=p0 :viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #a :@viewer_two c Keepo`,
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			Channel: "a", Login: "viewer_one", Text: "@viewer_two c Keepo",
			Emotes: []chat.Emote{{ID: "1902", Name: "Keepo", Start: 14, End: 19}},
			Reply:  chat.Reply{ParentID: "p1", ParentLogin: "viewer_two", ParentText: "what is; this"},
		}},
	},
	{
		"action",
		"@emotes=25:6-10 :v!v@v PRIVMSG #a :\x01ACTION waves Kappa\x01",
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			Channel: "a", Login: "v", Text: "waves Kappa", Action: true, Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 6, End: 11}},
		}},
	},
	{
		"shared chat, mirrored",
		"@badges=;id=c0;room-id=1;source-badges=moderator/1;source-id=c1;source-room-id=2 :v!v@v PRIVMSG #a :hi",
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			ID: "c0", Channel: "a", Login: "v", Text: "hi", RoomID: "1", SourceID: "c1", SourceRoomID: "2",
		}},
	},
	{
		"GIF",
		"@gifs=3-25|abcDEF123|https://media.example/abc.gif?cid=x&ep=v1,2&ct=g;emotes=25:27-31 :v!v@v PRIVMSG #a :hi [Happy Dance GIF by Me] Kappa",
		&chat.Event{Kind: chat.KindMessage, Channel: "a", Message: chat.Message{
			Channel: "a", Login: "v", Text: "hi [GIF] Kappa", Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 9, End: 14}},
		}},
	},
	{
		"timeout",
		"@ban-duration=600;room-id=900000001;target-user-id=910000004;tmi-sent-ts=1767225660000 :tmi.twitch.tv CLEARCHAT #streamer_demo :viewer_four",
		&chat.Event{Kind: chat.KindClearUser, Channel: "streamer_demo", Time: at(1767225660000), TargetLogin: "viewer_four", TargetUserID: "910000004", Duration: 10 * time.Minute},
	},
	{
		"ban",
		"@room-id=900000001;target-user-id=910000004;tmi-sent-ts=1767225660000 :tmi.twitch.tv CLEARCHAT #streamer_demo :viewer_four",
		&chat.Event{Kind: chat.KindClearUser, Channel: "streamer_demo", Time: at(1767225660000), TargetLogin: "viewer_four", TargetUserID: "910000004"},
	},
	{
		"clear",
		"@room-id=900000001;tmi-sent-ts=1767225660000 :tmi.twitch.tv CLEARCHAT #streamer_demo",
		&chat.Event{Kind: chat.KindClearAll, Channel: "streamer_demo", Time: at(1767225660000)},
	},
	{
		"delete",
		"@login=viewer_four;room-id=;target-msg-id=3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c;tmi-sent-ts=1767225660000 :tmi.twitch.tv CLEARMSG #streamer_demo :the deleted text",
		&chat.Event{Kind: chat.KindDelete, Channel: "streamer_demo", Time: at(1767225660000), TargetLogin: "viewer_four", TargetID: "3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c"},
	},
	{
		"sub",
		`@badge-info=subscriber/1;badges=subscriber/0,premium/1;color=#1E90FF;display-name=Viewer_One;emotes=;flags=;id=7a1d3c52-0d0b-4a7e-8a55-9d8e6d1c0a01;login=viewer_one;mod=0;msg-id=sub;msg-param-cumulative-months=1;msg-param-months=0;msg-param-multimonth-duration=1;msg-param-multimonth-tenure=0;msg-param-should-share-streak=0;msg-param-sub-plan-name=Channel\sSubscription\s(streamer_demo);msg-param-sub-plan=Prime;msg-param-was-gifted=false;room-id=900000001;subscriber=1;system-msg=Viewer_One\ssubscribed\swith\sPrime.;tmi-sent-ts=1767225700000;user-id=910000001;user-type=;vip=0 :tmi.twitch.tv USERNOTICE #streamer_demo`,
		&chat.Event{Kind: chat.KindNotice, Channel: "streamer_demo", Time: at(1767225700000), Notice: chat.Notice{
			Type: "sub", ID: "7a1d3c52-0d0b-4a7e-8a55-9d8e6d1c0a01", Login: "viewer_one", Name: "Viewer_One", Text: "Viewer_One subscribed with Prime.", Count: 1,
		}},
	},
	{
		"resub with words",
		`@badge-info=subscriber/6;badges=subscriber/6;color=;display-name=Viewer_Two;emotes=25:0-4;flags=;id=7a1d3c52-0d0b-4a7e-8a55-9d8e6d1c0a02;login=viewer_two;mod=0;msg-id=resub;msg-param-cumulative-months=6;msg-param-months=0;msg-param-sub-plan=1000;room-id=900000001;subscriber=1;system-msg=Viewer_Two\ssubscribed\sat\sTier\s1.\sThey've\ssubscribed\sfor\s6\smonths!;tmi-sent-ts=1767225701000;user-id=910000002;user-type=;vip=0 :tmi.twitch.tv USERNOTICE #streamer_demo :Kappa half a year`,
		&chat.Event{
			Kind: chat.KindNotice, Channel: "streamer_demo", Time: at(1767225701000),
			Notice: chat.Notice{
				Type: "resub", ID: "7a1d3c52-0d0b-4a7e-8a55-9d8e6d1c0a02", Login: "viewer_two", Name: "Viewer_Two",
				Text: "Viewer_Two subscribed at Tier 1. They've subscribed for 6 months!", Count: 6,
			},
			Message: chat.Message{
				ID: "7a1d3c52-0d0b-4a7e-8a55-9d8e6d1c0a02", Channel: "streamer_demo", Time: at(1767225701000), UserID: "910000002", Login: "viewer_two",
				DisplayName: "Viewer_Two", Text: "Kappa half a year", RoomID: "900000001", Subscriber: true,
				Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 0, End: 5}}, Badges: []chat.Badge{{Name: "subscriber", Version: "6"}},
			},
		},
	},
	{
		"gift batch",
		`@badges=sub-gifter/5;display-name=Viewer_Two;id=g3;login=viewer_two;msg-id=submysterygift;msg-param-community-gift-id=4415000000000000001;msg-param-mass-gift-count=2;msg-param-origin-id=4415;msg-param-sender-count=12;msg-param-sub-plan=1000;system-msg=Viewer_Two\sis\sgifting\s2\sSubs!;tmi-sent-ts=1767225702000 :tmi.twitch.tv USERNOTICE #streamer_demo`,
		&chat.Event{Kind: chat.KindNotice, Channel: "streamer_demo", Time: at(1767225702000), Notice: chat.Notice{
			Type: "submysterygift", ID: "g3", Login: "viewer_two", Name: "Viewer_Two", Text: "Viewer_Two is gifting 2 Subs!", Count: 2, GiftID: "4415000000000000001",
		}},
	},
	{
		"gift",
		`@display-name=Viewer_Two;id=g4;login=viewer_two;msg-id=subgift;msg-param-months=3;msg-param-origin-id=77;msg-param-recipient-user-name=viewer_three;system-msg=Viewer_Two\sgifted\sa\sTier\s1\ssub\sto\sViewer_Three! :tmi.twitch.tv USERNOTICE #streamer_demo`,
		&chat.Event{Kind: chat.KindNotice, Channel: "streamer_demo", Notice: chat.Notice{
			Type: "subgift", ID: "g4", Login: "viewer_two", Name: "Viewer_Two", Text: "Viewer_Two gifted a Tier 1 sub to Viewer_Three!", Count: 1, GiftID: "77",
		}},
	},
	{
		"raid",
		`@display-name=Other_Demo;id=g5;login=other_demo;msg-id=raid;msg-param-displayName=Other_Demo;msg-param-login=other_demo;msg-param-profileImageURL=https://static.example/demo-%s.png;msg-param-viewerCount=430;system-msg=430\sraiders\sfrom\sOther_Demo\shave\sjoined! :tmi.twitch.tv USERNOTICE #streamer_demo`,
		&chat.Event{Kind: chat.KindNotice, Channel: "streamer_demo", Notice: chat.Notice{
			Type: "raid", ID: "g5", Login: "other_demo", Name: "Other_Demo", Text: "430 raiders from Other_Demo have joined!", Count: 430,
		}},
	},
	{
		"announcement",
		"@badges=moderator/1;display-name=Mod_Demo;id=g6;login=mod_demo;mod=1;msg-id=announcement;msg-param-color=BLUE;system-msg=;user-type=mod :tmi.twitch.tv USERNOTICE #streamer_demo :Finals start in ten minutes",
		&chat.Event{
			Kind: chat.KindNotice, Channel: "streamer_demo",
			Notice: chat.Notice{Type: "announcement", ID: "g6", Login: "mod_demo", Name: "Mod_Demo"},
			Message: chat.Message{
				ID: "g6", Channel: "streamer_demo", Login: "mod_demo", DisplayName: "Mod_Demo", Text: "Finals start in ten minutes", Moderator: true,
				Badges: []chat.Badge{{Name: "moderator", Version: "1"}},
			},
		},
	},
	{
		"notice of another room",
		"@display-name=Mod_Other;id=g7;login=mod_other;msg-id=sharedchatnotice;room-id=900000001;source-id=s7;source-msg-id=announcement;source-room-id=900000002;system-msg= :tmi.twitch.tv USERNOTICE #streamer_demo :hello from the other room",
		&chat.Event{
			Kind: chat.KindNotice, Channel: "streamer_demo",
			Notice: chat.Notice{Type: "announcement", ID: "g7", Login: "mod_other", Name: "Mod_Other", Mirrored: true},
			Message: chat.Message{
				ID: "g7", Channel: "streamer_demo", Login: "mod_other", DisplayName: "Mod_Other", Text: "hello from the other room",
				RoomID: "900000001", SourceID: "s7", SourceRoomID: "900000002",
			},
		},
	},
	{
		"notice at home in a shared chat",
		"@id=g8;login=v;msg-id=resub;msg-param-months=4;room-id=1;source-id=g8;source-msg-id=resub;source-room-id=1;system-msg=x :tmi.twitch.tv USERNOTICE #a",
		&chat.Event{Kind: chat.KindNotice, Channel: "a", Notice: chat.Notice{Type: "resub", ID: "g8", Login: "v", Text: "x", Count: 4}},
	},
	{
		"notice of a kind to come",
		"@id=g9;login=v;msg-id=moonlanding;system-msg=One\\ssmall\\sstep :tmi.twitch.tv USERNOTICE #a",
		&chat.Event{Kind: chat.KindNotice, Channel: "a", Notice: chat.Notice{Type: "moonlanding", ID: "g9", Login: "v", Text: "One small step"}},
	},
	{
		"watch streak",
		"@id=h0;login=v;msg-id=viewermilestone;msg-param-category=watch-streak;msg-param-value=10;system-msg=x :tmi.twitch.tv USERNOTICE #a",
		&chat.Event{Kind: chat.KindNotice, Channel: "a", Notice: chat.Notice{Type: "viewermilestone", ID: "h0", Login: "v", Text: "x", Count: 10}},
	},
}

func TestDecodeSamples(t *testing.T) {
	var d Decoder
	// One event for all lines: nothing of one may show in the next.
	ev := new(chat.Event)
	for _, tt := range sampleLines {
		t.Run(tt.name, func(t *testing.T) {
			for _, end := range []string{"", "\r\n", "\n"} {
				ok, err := d.Decode(tt.line+end, ev)
				if err != nil {
					t.Fatal(err)
				}
				if ok != (tt.want != nil) {
					t.Fatalf("event %v, want %v", ok, tt.want != nil)
				}
				if !ok {
					continue
				}
				if diff := cmp.Diff(tt.want, ev, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("event differs (-want +got):\n%s", diff)
				}
			}
			var l Line
			if err := ParseLine(&l, tt.line); err != nil {
				t.Fatal(err)
			}
			if ok, err := d.DecodeLine(&l, ev); err != nil || ok != (tt.want != nil) {
				t.Errorf("DecodeLine: %v, %v", ok, err)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	var d Decoder
	var ev chat.Event
	for _, tt := range []struct {
		line string
		want error
	}{
		{"", ErrEmpty},
		{"@a=b", ErrNoCommand},
		{":v!v@v PRIVMSG", ErrNoChannel},
		{":v!v@v PRIVMSG nochannel :x", ErrNoChannel},
		{":v!v@v PRIVMSG # :x", ErrNoChannel},
		{":tmi.twitch.tv CLEARCHAT", ErrNoChannel},
	} {
		if ok, err := d.Decode(tt.line, &ev); ok || !errors.Is(err, tt.want) {
			t.Errorf("%q: %v, %v, want %v", tt.line, ok, err, tt.want)
		}
	}
	if ok, err := d.Decode(":v!v@v PRIVMSG #a", &ev); ok || err == nil {
		t.Errorf("a message without text: %v, %v", ok, err)
	}
}

func TestText(t *testing.T) {
	tests := []struct {
		name, in, want string
		action         bool
	}{
		{"plain", "hello", "hello", false},
		{"empty", "", "", false},
		{"action without its end", "\x01ACTION waves", "waves", true},
		{"empty action", "\x01ACTION\x01", "", true},
		{"empty action without its end", "\x01ACTION", "", true},
		{"action with a space only", "\x01ACTION \x01", "", true},
		{"not an action", "\x01ACTIONS speak\x01", "\x01ACTIONS speak\x01", false},
		{"suffix since 2025", "LUL \u034f", "LUL", false},
		{"suffix of 2019 to 2025", "LUL \U000e0000", "LUL", false},
		{"suffix before 2019", "LUL \u206d", "LUL", false},
		{"zero-width space", "LUL\u200b", "LUL", false},
		{"several suffixes", "LUL \u034f \U000e0000\u200b ", "LUL", false},
		{"nothing but a suffix", "\U000e0000", "", false},
		{"suffix in an action", "\x01ACTION waves \U000e0000\x01", "waves", true},
		{"joiner of emoji stays", "👨\u200d👩", "👨\u200d👩", false},
		{"joiner written as a tag character", "👨\U000e0002👩", "👨\u200d👩", false},
		{"variation selector stays", "❤\ufe0f", "❤\ufe0f", false},
		{"double space stays", "so  good", "so  good", false},
		{"invalid byte", "a\xffb", "a\ufffdb", false},
		{"invalid bytes one by one", "\xf0\x9f\x98", "\ufffd\ufffd\ufffd", false},
	}
	var d Decoder
	var ev chat.Event
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := ":v!v@v PRIVMSG #a :" + tt.in
			if ok, err := d.Decode(line, &ev); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if ev.Message.Text != tt.want || ev.Message.Action != tt.action {
				t.Errorf("got %q %v, want %q %v", ev.Message.Text, ev.Message.Action, tt.want, tt.action)
			}
			var l Line
			if err := ParseLine(&l, line); err != nil {
				t.Fatal(err)
			}
			if _, err := d.DecodeLine(&l, &ev); err != nil || ev.Message.Text != tt.want {
				t.Errorf("DecodeLine: %q, %v", ev.Message.Text, err)
			}
		})
	}
}

func TestEmotes(t *testing.T) {
	emote := func(id, name string, start int) chat.Emote {
		return chat.Emote{ID: id, Name: name, Start: start, End: start + len(name)}
	}
	tests := []struct {
		name, tag, text string
		want            []chat.Emote
	}{
		{
			"two kinds", "25:0-4,9-13/425618:15-17", "Kappa hi Kappa LUL",
			[]chat.Emote{emote("25", "Kappa", 0), emote("25", "Kappa", 9), emote("425618", "LUL", 15)},
		},
		{
			"order of the text, not of the tag", "425618:15-17/25:9-13,0-4", "Kappa hi Kappa LUL",
			[]chat.Emote{emote("25", "Kappa", 0), emote("25", "Kappa", 9), emote("425618", "LUL", 15)},
		},
		{
			"code points", "25:3-7/1:9-10", "😀ü Kappa :)",
			[]chat.Emote{emote("25", "Kappa", 7), emote("1", ":)", 13)},
		},
		{
			"ids that are no numbers", "emotesv2_0123456789abcdef0123456789abcdef:0-2/300196486_TK:4-6", "abc def",
			[]chat.Emote{emote("emotesv2_0123456789abcdef0123456789abcdef", "abc", 0), emote("300196486_TK", "def", 4)},
		},
		{"whole text", "25:0-4", "Kappa", []chat.Emote{emote("25", "Kappa", 0)}},
		{"one beyond the end", "25:0-5", "Kappa", nil},
		{"far beyond the end", "25:100-104,0-4", "Kappa", []chat.Emote{emote("25", "Kappa", 0)}},
		{"beyond the end in code points only", "25:2-4,0-1", "üüü", []chat.Emote{emote("25", "üü", 0)}},
		{"damaged", "25:04", "Kappa", nil},
		{"backwards", "25:4-0", "Kappa", nil},
		{"negative", "25:-1-3,1--1", "Kappa", nil},
		{"huge", "25:0-99999999999999999999,99999999999999999999-0", "Kappa", nil},
		{"no id", ":0-4", "Kappa", nil},
		{"no range", "25/25:/1902:0-4", "Kappa", []chat.Emote{emote("1902", "Kappa", 0)}},
		{"overlapping", "25:0-4/26:3-6/27:5-6", "Kappa12", []chat.Emote{emote("25", "Kappa", 0), emote("27", "12", 5)}},
		{"separators only", "//,,/:", "Kappa", nil},
		{"behind an invalid byte", "25:2-6", "\xff Kappa", []chat.Emote{emote("25", "Kappa", 4)}},
		{"in what is trimmed", "25:6-6/26:0-4", "Kappa \u034f", []chat.Emote{emote("26", "Kappa", 0)}},
		{"behind a joiner written as a tag character", "25:4-8", "a\U000e0002b Kappa", []chat.Emote{emote("25", "Kappa", 6)}},
	}
	var d Decoder
	var ev chat.Event
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if ok, err := d.Decode("@emotes="+tt.tag+" :v!v@v PRIVMSG #a :"+tt.text, &ev); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if diff := cmp.Diff(tt.want, ev.Message.Emotes, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("emotes differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEmotesAgainstRunes compares with the plain way to do it.
func TestEmotesAgainstRunes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("ab cü😀漢\u200d")
	var d Decoder
	var ev chat.Event
	for range 3000 {
		text := make([]rune, 1+rng.IntN(40))
		for i := range text {
			text[i] = alphabet[rng.IntN(len(alphabet))]
		}
		text[len(text)-1] = '.' // nothing to trim
		var tag []string
		var want []string
		for at := rng.IntN(4); at < len(text)+3; {
			end := at + rng.IntN(4)
			tag = append(tag, fmt.Sprintf("x%d:%d-%d", at, at, end))
			if end < len(text) {
				want = append(want, string(text[at:end+1]))
			}
			at = end + 1 + rng.IntN(3)
		}
		rng.Shuffle(len(tag), func(i, j int) { tag[i], tag[j] = tag[j], tag[i] })
		line := "@emotes=" + strings.Join(tag, "/") + " :v!v@v PRIVMSG #a :" + string(text)
		if ok, err := d.Decode(line, &ev); !ok || err != nil {
			t.Fatal(ok, err)
		}
		var got []string
		for _, e := range ev.Message.Emotes {
			got = append(got, e.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", line, diff)
		}
	}
}

func TestManyEmotesAreBounded(t *testing.T) {
	text := strings.Repeat("a ", 8000)
	var tag strings.Builder
	for i := range 8000 {
		fmt.Fprintf(&tag, "x:%d-%d/", 15998-2*i, 15998-2*i)
	}
	var d Decoder
	var ev chat.Event
	line := "@emotes=" + tag.String() + " :v!v@v PRIVMSG #a :" + text + "."
	if ok, err := d.Decode(line, &ev); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if n := len(ev.Message.Emotes); n != maxEmotes {
		t.Errorf("%d emotes, want %d", n, maxEmotes)
	}
}

func TestGIFs(t *testing.T) {
	tests := []struct{ name, tag, in, want string }{
		{"only", "0-4|a|https://x", "[Wow]", "[GIF]"},
		{"two", "0-4|a|https://x,6-11|b|https://y", "[Wow] [Nope] ha", "[GIF] [GIF] ha"},
		{"code points", "2-6|a|u", "ü [Wow]", "ü [GIF]"},
		{"bytes", "3-7|a|u", "ü [Wow]", "ü [GIF]"},
		{"no caption there", "0-4|a|u", "hello [Wow]", "hello [Wow]"},
		{"out of range", "0-40|a|u", "[Wow]", "[Wow]"},
		{"damaged", "x|a|u,,|,4-0|a|u", "[Wow]", "[Wow]"},
	}
	var d Decoder
	var ev chat.Event
	for _, tt := range tests {
		if ok, err := d.Decode("@gifs="+tt.tag+" :v!v@v PRIVMSG #a :"+tt.in, &ev); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ev.Message.Text != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, ev.Message.Text, tt.want)
		}
	}
}

func TestManyGIFsAreBounded(t *testing.T) {
	var tag, text strings.Builder
	for i := range 10 * maxGIFs {
		fmt.Fprintf(&tag, "%d-%d|x|u,", 3*i, 3*i+2)
		text.WriteString("[a]")
	}
	var d Decoder
	var ev chat.Event
	if ok, err := d.Decode("@gifs="+tag.String()+" :v!v@v PRIVMSG #a :"+text.String(), &ev); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if n := strings.Count(ev.Message.Text, gifCaption); n != maxGIFs {
		t.Errorf("%d captions replaced, want %d", n, maxGIFs)
	}
}

func TestDecodeAllocates(t *testing.T) {
	var d Decoder
	var ev chat.Event
	for _, line := range []string{typicalLine, "PING :tmi.twitch.tv"} {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := d.Decode(line, &ev); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations for %q", n, line)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range sampleLines {
		f.Add(s.line)
	}
	f.Add(typicalLine)
	f.Add("@emotes=25:04/25:4-0/x:0-1;gifs=0-4|a|b,6-9;badges=a/b/c,,/ :!v@v PRIVMSG #\xff :\x01ACTION [\xf0\x9f] \U000e0002\u034f")
	var d Decoder
	var ev chat.Event
	f.Fuzz(func(t *testing.T, s string) {
		ok, err := d.Decode(s, &ev)
		if err != nil || !ok {
			return
		}
		m := &ev.Message
		for _, v := range []string{ev.Channel, m.ID, m.Login, m.DisplayName, m.Text, m.Color, m.Reply.ParentText, ev.Notice.Text, ev.Notice.Type, ev.TargetLogin, ev.TargetID} {
			if !utf8.ValidString(v) {
				t.Fatalf("%q is no UTF-8", v)
			}
		}
		if ev.Channel == "" || ev.Kind < chat.KindMessage || ev.Kind > chat.KindClearAll {
			t.Fatalf("channel %q, kind %v", ev.Channel, ev.Kind)
		}
		end := 0
		for _, e := range m.Emotes {
			if e.Start < end || e.End <= e.Start || e.End > len(m.Text) || m.Text[e.Start:e.End] != e.Name || e.ID == "" {
				t.Fatalf("emote %+v in %q", e, m.Text)
			}
			end = e.End
		}
		if m.Bits < 0 || ev.Notice.Count < 0 || ev.Duration < 0 {
			t.Fatal("a negative count")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, bb := range []struct{ name, line string }{
		{"typical", typicalLine},
		{"plain", strings.Replace(typicalLine, "emotes=25:6-10", "emotes=", 1)},
		{"emoji", typicalLine + " 😀😀 schön"},
		{"reply", `@reply-parent-msg-body=what\sis\sthis;reply-parent-msg-id=p1;reply-parent-user-login=viewer_two;` + typicalLine[1:]},
		{"notice", sampleLine("sub")},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.line)))
			var d Decoder
			var ev chat.Event
			for b.Loop() {
				if ok, err := d.Decode(bb.line, &ev); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func sampleLine(name string) string {
	for _, s := range sampleLines {
		if s.name == name {
			return s.line
		}
	}
	panic("no sample " + name)
}
