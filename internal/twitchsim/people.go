package twitchsim

import (
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
)

// person is a chatter with habits.
type person struct {
	login, display, id string
	color              string
	badges, badgeInfo  string
	userType           string
	months             int
	sub, mod, vip      bool
	broadcaster, bot   bool
	turbo, nonces      bool

	shout    float64 // how often in capitals
	emotive  float64 // how often an emote is added
	stretch  float64 // how often vowels are stretched
	dots     float64 // how often the end is punctuated
	emoji    float64 // how often an emoji is added
	asks     float64 // how often a question
	foreign  lexis   // another language, 0: none
	thirds   bool    // likes third-party emotes better than Twitch's
	suffix   bool    // has a client that gets past the check for repeats
	favorite int     // picks the person's own among the emotes
	asked    string  // the last text, for repeats
	copied   string  // the last copypasta
}

// people are the chatters of a room.
type people struct {
	host     *person
	bots     []*person
	mods     []*person
	regulars []*person // by falling activity
	weights  []float64 // summed up
	taken    map[string]bool
	fresh    int // next place for a newcomer
}

// maxPeople bounds a room's chatters; newcomers then take the place of the
// least active.
const maxPeople = 3000

// zipf is the exponent of the chatters' activity: with it and a few hundred
// regulars the busiest ten write about half.
const zipf = 1.4

func newPeople(rng *rand.Rand, channel string, tm temperament) *people {
	ps := &people{taken: map[string]bool{channel: true}}
	host := ps.invent(rng, tm)
	host.login, host.display = channel, displayOf(channel)
	host.id = roomIDOf(channel)
	host.broadcaster, host.sub, host.months, host.mod, host.vip = true, true, 0, false, false
	host.color, host.foreign, host.suffix = "#9147FF", 0, false
	host.setBadges()
	ps.host = host
	for _, name := range botLogins[:2] {
		b := ps.invent(rng, tm)
		*b = person{login: name, display: botNames[name], id: userIDOf(name), color: "#7C7CE1", bot: true, mod: true, userType: "mod"}
		b.badges = "moderator/1,bot-badge/1"
		ps.bots = append(ps.bots, b)
	}
	for i := range tm.regulars {
		p := ps.invent(rng, tm)
		// Moderators and VIPs are mostly among those who write a lot.
		eager := 1 + 3*math.Exp(-float64(i)/25)
		switch {
		case rng.Float64() < 0.02*eager:
			p.mod = true
			ps.mods = append(ps.mods, p)
		case rng.Float64() < 0.035*eager:
			p.vip = true
		}
		p.setBadges()
		ps.add(p)
	}
	if len(ps.mods) == 0 {
		p := ps.regulars[3]
		p.mod, p.vip = true, false
		p.setBadges()
		ps.mods = append(ps.mods, p)
	}
	ps.fresh = len(ps.regulars)
	return ps
}

// add gives a person a place at the end.
func (ps *people) add(p *person) {
	if len(ps.regulars) >= maxPeople {
		if ps.fresh >= maxPeople {
			ps.fresh = maxPeople / 2
		}
		delete(ps.taken, ps.regulars[ps.fresh].login)
		ps.regulars[ps.fresh] = p
		ps.fresh++
		return
	}
	sum := 0.0
	if n := len(ps.weights); n > 0 {
		sum = ps.weights[n-1]
	}
	ps.regulars = append(ps.regulars, p)
	ps.weights = append(ps.weights, sum+1/math.Pow(float64(len(ps.regulars))+1, zipf))
	ps.fresh = len(ps.regulars)
}

// pick draws who speaks. crowd is how much the quiet ones join in, 0 to 1.
func (ps *people) pick(rng *rand.Rand, crowd float64) *person {
	if rng.Float64() < crowd {
		return ps.regulars[rng.IntN(len(ps.regulars))]
	}
	x := rng.Float64() * ps.weights[len(ps.weights)-1]
	i := sort.SearchFloat64s(ps.weights, x)
	return ps.regulars[min(i, len(ps.regulars)-1)]
}

// newcomer invents somebody who was never here.
func (ps *people) newcomer(rng *rand.Rand, tm temperament) *person {
	p := ps.invent(rng, tm)
	p.sub, p.months, p.vip = false, 0, false
	p.setBadges()
	ps.add(p)
	return p
}

// throwaway invents an account as spammers make them. It is not kept.
func (ps *people) throwaway(rng *rand.Rand, tm temperament) *person {
	p := ps.invent(rng, tm)
	delete(ps.taken, p.login)
	p.login = syllables[rng.IntN(len(syllables))] + syllables[rng.IntN(len(syllables))] + strconv.Itoa(10_000+rng.IntN(90_000))
	p.display, p.id = p.login, userIDOf(p.login)
	p.sub, p.months, p.color, p.suffix = false, 0, "", false
	p.setBadges()
	return p
}

func (ps *people) invent(rng *rand.Rand, tm temperament) *person {
	p := &person{
		color:    colors[rng.IntN(len(colors))],
		turbo:    rng.Float64() < 0.04,
		nonces:   rng.Float64() < 0.74,
		shout:    math.Pow(rng.Float64(), 5) * 0.5,
		emotive:  0.08 + 0.5*math.Pow(rng.Float64(), 1.5),
		stretch:  math.Pow(rng.Float64(), 2),
		dots:     rng.Float64() * 0.35,
		emoji:    math.Pow(rng.Float64(), 4) * 0.35,
		asks:     rng.Float64() * 0.12,
		thirds:   rng.Float64() < 0.6,
		suffix:   rng.Float64() < 0.4,
		favorite: rng.IntN(1 << 16),
	}
	if rng.Float64() < 0.03 {
		p.color = "" // never chose one
	}
	for p.login == "" || ps.taken[p.login] {
		p.login, p.display = inventName(rng)
	}
	ps.taken[p.login] = true
	p.id = userIDOf(p.login)
	if rng.Float64() < tm.foreign {
		p.foreign = foreignLexes[rng.IntN(len(foreignLexes))]
	}
	if rng.Float64() < 0.45 {
		p.sub = true
		p.months = 1 + int(math.Pow(rng.Float64(), 2.2)*60)
	}
	return p
}

// setBadges writes the badges that the person's roles give.
func (p *person) setBadges() {
	var b, info []string
	switch {
	case p.broadcaster:
		b = append(b, "broadcaster/1")
	case p.mod:
		b = append(b, "moderator/1")
		p.userType = "mod"
	case p.vip:
		b = append(b, "vip/1")
	}
	if p.sub {
		shown := 0
		for _, step := range [...]int{2, 3, 6, 9, 12, 18, 24, 36, 48} {
			if p.months >= step {
				shown = step
			}
		}
		if p.broadcaster {
			shown = 0
		}
		b = append(b, "subscriber/"+strconv.Itoa(shown))
		info = append(info, "subscriber/"+strconv.Itoa(p.months))
	}
	switch {
	case p.turbo:
		b = append(b, "turbo/1")
	case p.favorite%5 == 0:
		b = append(b, "premium/1")
	case p.favorite%17 == 0:
		b = append(b, "sub-gifter/5")
	case p.favorite%23 == 0:
		b = append(b, "bits/1000")
	}
	p.badges, p.badgeInfo = strings.Join(b, ","), strings.Join(info, ",")
}

// bypass changes a repeated text as clients do to get past Twitch's check for
// repeats: some append an invisible character.
func (p *person) bypass(rng *rand.Rand, text []byte) []byte {
	if p.mod || p.vip || p.broadcaster || p.bot {
		return text // the check does not bind them
	}
	if p.suffix || rng.Float64() < 0.15 {
		return append(text, " \u034f"...)
	}
	return text
}

// inventName makes a login and the name that it is shown by.
func inventName(rng *rand.Rand) (login, display string) {
	a := nameFirst[rng.IntN(len(nameFirst))]
	b := nameSecond[rng.IntN(len(nameSecond))]
	tail := ""
	switch rng.IntN(8) {
	case 0, 1:
		tail = strconv.Itoa(1 + rng.IntN(99))
	case 2:
		tail = strconv.Itoa(1985 + rng.IntN(25))
	case 3:
		tail = "_"
	case 4:
		tail = nameTails[rng.IntN(len(nameTails))]
	}
	sep := ""
	if rng.IntN(4) == 0 {
		sep = "_"
	}
	switch rng.IntN(10) {
	case 0:
		display = a + tail
	case 1:
		display = b + sep + a + tail
	case 2:
		display = syllables[rng.IntN(len(syllables))] + syllables[rng.IntN(len(syllables))] + syllables[rng.IntN(len(syllables))] + tail
	default:
		display = a + sep + b + tail
	}
	if len(display) > 25 {
		display = strings.TrimRight(display[:25], "_")
	}
	login = strings.ToLower(display)
	switch x := rng.Float64(); {
	case x < 0.45:
		display = login
	case x < 0.5: // another script altogether
		display = otherScripts[rng.IntN(len(otherScripts))]
	case x < 0.51: // Twitch has let some through with a space at the end
		display += " "
	}
	return login, display
}

// displayOf makes the shown name of a channel: "demo_hype" is "Demo_Hype".
func displayOf(login string) string {
	parts := strings.Split(login, "_")
	for i, s := range parts {
		if s != "" {
			parts[i] = strings.ToUpper(s[:1]) + s[1:]
		}
	}
	return strings.Join(parts, "_")
}

// knownBot reports whether a login is one of the room's bots.
func knownBot(login string) bool {
	_, ok := botNames[login]
	return ok
}
