package twitchsim

import (
	"strconv"
	"strings"
	"time"
)

// This file is what happens in a channel besides talk: commands, gifts, raids,
// moderation, people who come and go.

// meanwhile lets something happen now and then, whoever talks.
func (t *talk) meanwhile() {
	switch x := t.rng.Float64(); {
	case x < 0.004:
		t.subscribe(t.people.pick(t.rng, 0.3))
	case x < 0.0055:
		t.watchStreak(t.people.pick(t.rng, 0.2))
	case x < 0.0065:
		mod := t.people.mods[t.rng.IntN(len(t.people.mods))]
		t.compose(mod, announcement, joy, 0)
		t.notice(mod, "announcement", "", string(t.text), "msg-param-color", [...]string{"PRIMARY", "BLUE", "GREEN", "ORANGE", "PURPLE"}[t.rng.IntN(5)])
	case x < 0.0105:
		bot := t.people.bots[t.rng.IntN(len(t.people.bots))]
		t.compose(bot, botTimer, joy, 0)
		t.say(bot, extra{forget: true})
	case x < 0.03:
		t.lurk()
	case x < 0.032 && t.at > t.wave.until:
		t.startWave()
	case x < 0.033:
		p := t.people.pick(t.rng, 0.5)
		if !p.mod && !p.vip && !p.broadcaster { // a link that a moderator takes out
			t.text = append(t.text[:0], "free followers at best-viewers dot example"...)
			id := t.say(p, extra{forget: true})
			t.moderate(p, id, string(t.text))
		}
	}
}

// lurk lets somebody come or go who says nothing.
func (t *talk) lurk() {
	login, _ := inventName(t.rng)
	t.arrive(login)
	t.after(t.between(time.Minute, 20*time.Minute), func() { t.part(login) })
}

// arrive and part are seen by clients that asked for membership.
func (t *talk) arrive(login string) {
	t.room.noteLogin(login)
	t.line(nil, string(appendPrefix(nil, login))+" JOIN #"+t.room.name, capMembership, 0)
}

func (t *talk) part(login string) {
	t.line(nil, string(appendPrefix(nil, login))+" PART #"+t.room.name, capMembership, 0)
}

// command asks a bot for something, which answers.
func (t *talk) command(p *person) {
	t.compose(p, command, joy, 0)
	word, _, _ := strings.Cut(string(t.text), " ")
	t.say(p, extra{})
	reply := t.botAnswer(word, p)
	if reply == "" {
		return
	}
	t.after(t.between(400*time.Millisecond, 1500*time.Millisecond), func() {
		t.text = append(t.text[:0], reply...)
		t.say(t.people.bots[0], extra{forget: true})
	})
}

func (t *talk) botAnswer(word string, p *person) string {
	n := strconv.Itoa(2 + t.rng.IntN(88))
	at := "@" + p.login + " "
	switch word {
	case "!uptime":
		return at + "live for " + strconv.Itoa(int(t.at.Minutes())+37) + " minutes"
	case "!song":
		return at + "now playing: Slow Lanterns - Track " + n
	case "!discord", "!socials":
		return at + "you find the link in the panels below"
	case "!commands":
		return at + "!uptime !song !rank !quote !dice !hug"
	case "!rank":
		return at + "rank " + n + " of this week"
	case "!points":
		return at + "you have " + n + "0 points"
	case "!dice":
		return at + "rolled a " + strconv.Itoa(1+t.rng.IntN(6))
	case "!quote":
		return at + "quote " + n + ": I meant to do that"
	case "!followage":
		return at + "following for " + n + " weeks"
	case "!schedule":
		return at + "Tuesday, Thursday and the weekend, from 7 pm"
	case "!lurk":
		return p.login + " is now lurking. Enjoy the shade"
	}
	return ""
}

// cheer sends bits with a message.
func (t *talk) cheer(p *person) {
	bits := [...]int{1, 5, 10, 50, 100, 100, 100, 250, 300, 500, 1000, 5000}[t.rng.IntN(12)]
	t.compose(p, cheerTalk, love, 0.1)
	body := string(t.text)
	t.text = append(t.text[:0], "Cheer"+strconv.Itoa(bits)+" "+body...)
	t.text = trimText(t.text)
	t.say(p, extra{bits: bits})
}

// notice writes a USERNOTICE of p. params are msg-param tags in Twitch's order.
func (t *talk) notice(p *person, kind, system, text string, params ...string) {
	var tg tags
	tg.add("badge-info", p.badgeInfo)
	tg.add("badges", p.badges)
	tg.add("color", p.color)
	tg.add("display-name", p.display)
	var own map[string]string
	if p.sub {
		own = t.temper.emotes
	}
	spans, _ := findEmotes(t.spans[:0], []byte(text), own)
	tg.add("emotes", string(appendEmotes(nil, spans)))
	tg.add("flags", "")
	tg.add("id", t.id())
	tg.add("login", p.login)
	tg.addFlag("mod", p.mod)
	tg.add("msg-id", kind)
	for i := 0; i+1 < len(params); i += 2 {
		tg.add(params[i], params[i+1])
	}
	tg.add("room-id", t.room.id)
	tg.addFlag("subscriber", p.sub)
	tg.add("system-msg", system)
	tg.addInt("tmi-sent-ts", t.stamp)
	tg.add("user-id", p.id)
	tg.add("user-type", p.userType)
	tg.addFlag("vip", p.vip)
	rest := ":tmi.twitch.tv USERNOTICE #" + t.room.name
	if text != "" {
		rest += " :" + text
	}
	t.line(tg, rest, capCommands, isNotice)
}

// subscribe lets somebody subscribe, or go on to.
func (t *talk) subscribe(p *person) {
	if p.bot || p.broadcaster {
		return
	}
	plan, how := "1000", "at Tier 1"
	switch x := t.rng.Float64(); {
	case x < 0.35:
		plan, how = "Prime", "with Prime"
	case x < 0.4:
		plan, how = "3000", "at Tier 3"
	}
	name := "Channel Subscription (" + t.room.name + ")"
	if !p.sub {
		p.sub, p.months = true, 1
		p.setBadges()
		t.notice(p, "sub", p.display+" subscribed "+how+".", "",
			"msg-param-cumulative-months", "1", "msg-param-months", "0", "msg-param-multimonth-duration", "1",
			"msg-param-multimonth-tenure", "0", "msg-param-should-share-streak", "0",
			"msg-param-sub-plan-name", name, "msg-param-sub-plan", plan, "msg-param-was-gifted", "false")
		return
	}
	p.months++
	p.setBadges()
	t.compose(p, resubTalk, love, 0.1)
	months := strconv.Itoa(p.months)
	t.notice(p, "resub", p.display+" subscribed "+how+". They've subscribed for "+months+" months!", string(t.text),
		"msg-param-cumulative-months", months, "msg-param-months", "0", "msg-param-multimonth-duration", "1",
		"msg-param-multimonth-tenure", "0", "msg-param-should-share-streak", "0",
		"msg-param-sub-plan-name", name, "msg-param-sub-plan", plan, "msg-param-was-gifted", "false")
}

// watchStreak tells that somebody saw many streams in a row.
func (t *talk) watchStreak(p *person) {
	if p.bot || p.broadcaster {
		return
	}
	n := strconv.Itoa([...]int{3, 5, 7, 10, 15, 20}[t.rng.IntN(6)])
	t.notice(p, "viewermilestone", p.display+" watched "+n+" consecutive streams and sparked a watch streak!", "",
		"msg-param-category", "watch-streak", "msg-param-copoReward", "450", "msg-param-id", t.id(), "msg-param-value", n)
}

// gifts lets somebody give subscriptions to many.
func (t *talk) gifts() {
	giver := t.people.pick(t.rng, 0.1)
	for giver.bot || giver.broadcaster {
		giver = t.people.pick(t.rng, 0.1)
	}
	t.topic.gifter = giver.login
	n := [...]int{5, 5, 5, 10, 10, 20, 50}[t.rng.IntN(7)]
	total := n + t.rng.IntN(100)
	t.topic.count = n
	count, sum := strconv.Itoa(n), strconv.Itoa(total)
	batchID := strconv.FormatUint(1_000_000_000_000_000_000+t.rng.Uint64N(8_000_000_000_000_000_000), 10)
	t.notice(giver, "submysterygift",
		giver.display+" is gifting "+count+" Tier 1 Subs to "+displayOf(t.room.name)+"'s community! They've gifted a total of "+sum+" in the channel!", "",
		"msg-param-community-gift-id", batchID, "msg-param-mass-gift-count", count, "msg-param-origin-id", batchID,
		"msg-param-sender-count", sum, "msg-param-sub-plan", "1000")
	for range n {
		t.after(t.between(100*time.Millisecond, 2500*time.Millisecond), func() {
			quiet := t.people.regulars[len(t.people.regulars)/10:] // the loud ones pay themselves
			to := quiet[t.rng.IntN(len(quiet))]
			to.sub = true
			to.months++
			to.setBadges()
			t.notice(giver, "subgift", giver.display+" gifted a Tier 1 sub to "+to.display+"!", "",
				"msg-param-community-gift-id", batchID, "msg-param-gift-months", "1", "msg-param-months", strconv.Itoa(to.months),
				"msg-param-origin-id", batchID, "msg-param-recipient-display-name", to.display, "msg-param-recipient-id", to.id,
				"msg-param-recipient-user-name", to.login, "msg-param-sender-count", "0",
				"msg-param-sub-plan-name", "Channel Subscription ("+t.room.name+")", "msg-param-sub-plan", "1000")
		})
	}
}

// raid brings the viewers of another channel.
func (t *talk) raid() {
	name := raiders[t.rng.IntN(len(raiders))]
	t.topic.raider = name
	login := strings.ToLower(name)
	p := &person{login: login, display: name, id: userIDOf(login), color: "#9ACD32"}
	t.topic.count = 20 + int(t.rng.ExpFloat64()*180)
	n := strconv.Itoa(t.topic.count)
	t.notice(p, "raid", n+" raiders from "+name+" have joined!", "",
		"msg-param-displayName", name, "msg-param-login", login,
		"msg-param-profileImageURL", "https://static-cdn.jtvnw.net/jtv_user_pictures/"+login+"-profile_image-%s.png",
		"msg-param-viewerCount", n)
}

var raiders = []string{"Captain_Oatmeal", "LunarKettle", "MissPixelated", "TheQuietHour", "BassWombat", "NorthernNoodle", "SirBlanket", "OceanDesk"}

// hateRaid sends throwaway accounts with one and the same text, whom the
// moderators remove, and closes the room to newcomers for a while.
func (t *talk) hateRaid(sc *scene) {
	t.compose(t.people.host, hateTalk, anger, 0)
	text := string(t.text)
	span := sc.shape.rise + sc.shape.hold
	for range 12 + t.rng.IntN(20) {
		t.after(t.between(0, span), func() {
			p := t.people.throwaway(t.rng, t.temper)
			t.text = append(t.text[:0], text...)
			t.say(p, extra{first: true, forget: true})
			t.after(t.between(time.Second, 8*time.Second), func() { t.ban(p) })
		})
	}
	t.after(span/3, func() {
		t.room.setState(func(s *roomState) { s.followers = 10 })
		t.roomChange("followers-only", "10", "followers_on", "This room is now in 10 minutes followers-only mode.")
	})
	t.after(sc.length()+10*time.Second, func() {
		t.room.setState(func(s *roomState) { s.followers = -1 })
		t.roomChange("followers-only", "-1", "followers_off", "This room is no longer in followers-only mode.")
	})
}

// viewbots sends accounts that say empty things.
func (t *talk) viewbots(sc *scene) {
	for range 6 + t.rng.IntN(8) {
		t.after(t.between(0, sc.length()), func() {
			p := t.people.throwaway(t.rng, t.temper)
			t.compose(p, viewbotTalk, joy, 0)
			t.say(p, extra{first: true, forget: true})
		})
	}
}

// poll lets the host ask chat to choose.
func (t *talk) poll() {
	a, b := t.topic.item, t.topic.boss
	t.text = append(t.text[:0], "chat vote: 1 for "+a+", 2 for "+b...)
	t.say(t.people.host, extra{})
	t.after(20*time.Second, func() {
		winner := a
		if t.chance(0.5) {
			winner = b
		}
		t.text = append(t.text[:0], "ok ok, "+winner+" it is"...)
		t.say(t.people.host, extra{})
	})
}

// roomChange tells of a change of the room's state.
func (t *talk) roomChange(key, value, noticeID, text string) {
	var tg tags
	if key < "room-id" {
		tg.add(key, value)
		tg.add("room-id", t.room.id)
	} else {
		tg.add("room-id", t.room.id)
		tg.add(key, value)
	}
	t.line(tg, ":tmi.twitch.tv ROOMSTATE #"+t.room.name, capCommands, 0)
	var n tags
	n.add("msg-id", noticeID)
	t.line(n, ":tmi.twitch.tv NOTICE #"+t.room.name+" :"+text, capCommands, 0)
}

// moderate removes a message, or its author for a while, 1 to 10 s later.
func (t *talk) moderate(p *person, id, text string) {
	t.after(t.between(time.Second, 10*time.Second), func() {
		if t.chance(0.65) {
			t.deleteMessage(p, id, text)
			return
		}
		t.timeout(p, [...]int{1, 30, 60, 600, 600, 3600}[t.rng.IntN(6)])
	})
}

func (t *talk) deleteMessage(p *person, id, text string) {
	var tg tags
	tg.add("login", p.login)
	tg.add("room-id", t.room.id)
	tg.add("target-msg-id", id)
	tg.addInt("tmi-sent-ts", t.stamp)
	t.line(tg, ":tmi.twitch.tv CLEARMSG #"+t.room.name+" :"+text, capCommands, isDelete)
}

func (t *talk) timeout(p *person, seconds int) {
	var tg tags
	tg.addInt("ban-duration", int64(seconds))
	tg.add("room-id", t.room.id)
	tg.add("target-user-id", p.id)
	tg.addInt("tmi-sent-ts", t.stamp)
	t.line(tg, ":tmi.twitch.tv CLEARCHAT #"+t.room.name+" :"+p.login, capCommands, isTimeout)
}

func (t *talk) ban(p *person) {
	var tg tags
	tg.add("room-id", t.room.id)
	tg.add("target-user-id", p.id)
	tg.addInt("tmi-sent-ts", t.stamp)
	t.line(tg, ":tmi.twitch.tv CLEARCHAT #"+t.room.name+" :"+p.login, capCommands, isBan)
}
