package twitchsim

// lexis names a set of phrases.
type lexis int

// The sets. Foreign languages stand together.
const (
	noLexis lexis = iota
	calmGood
	calmFlat
	calmBad
	question
	answer
	banter
	hello
	firstHello
	bye
	hypeTalk
	laughTalk
	sadTalk
	dramaTalk
	tenseTalk
	reliefTalk
	raidHello
	raidWelcome
	giftThanks
	soundTrouble
	pictureTrouble
	poll1
	poll2
	breakTalk
	hateTalk
	hateReply
	viewbotTalk
	togetherTalk
	longTalk
	pasta
	praise
	blame
	command
	cheerTalk
	actionTalk
	resubTalk
	hostTalk
	announcement
	botTimer
	actionGame
	chess
	cozy
	chatting
	spanish
	portuguese
	german
	french
	italian
	polish
	turkish
	russian
	japanese
	korean
	chinese
	arabic
	hebrew
	lexes // how many there are
)

var foreignLexes = []lexis{
	spanish, spanish, portuguese, portuguese, german, german, french, italian, polish, turkish, russian, japanese,
	korean, chinese, arabic, hebrew,
}

// phrases are what people say. In a phrase [a|b] is a choice, {slot} is filled
// (see expand), and a letter before ~ may be stretched.
var phrases = [lexes][]string{
	calmGood: {
		"[nice|noice|niice]", "good [stuff|one|call|vibes]", "that was [clean|smooth|neat|slick]", "love [this|that|it here]", "[so|very|really] good",
		"yes~", "[haha|hehe] nice", "ok that was [actually|kinda|lowkey] good", "this is [comfy|cosy|great|peak]", "good [job|work] {host}",
		"[gg|ggs]", "well played", "[best|favourite] part of my day", "i like [this|it|the plan]", "respect", "[happy|glad] to be here",
		"[proud|so proud] of you", "that [helped|fixed] my mood", "wholesome [chat|stream|moment]", "you [got|have got] this", "keep it up",
		"[great|lovely|awesome] [stream|vibes] today", "[clean|crisp] audio today btw", "im [enjoying|loving] this", "[true|facts|real]",
		"[big|huge] improvement since [yesterday|last week|monday]", "{area} is [pretty|gorgeous|beautiful]", "sweet", "awesome", "perfect timing",
		"thank you {host}", "[ty|thx|thanks] {@}", "you are the best {@}", "worth the wait", "smart [move|play|choice]", "{host} is [cracked|built different|a legend]",
		"ez game", "that [song|track] slaps", "what a [day|run|find]", "not bad [at all|tbh]", "[chills|goosebumps]", "this chat is [so|really] nice",
		"we are so back", "[finally|at last] some [peace|good luck|action]", "beautiful", "[solid|good] [take|point] {@}", "you deserve it",
	},
	calmFlat: {
		"[hm|hmm|mhm]", "ok", "[wait|hold on]", "[what|huh|eh]?", "[brb|afk] [food|tea|dog|phone]", "back", "[same|mood|this]", "[yep|yeah|yup|ye]", "[nope|nah|no]",
		"[maybe|probably|possibly]", "idk", "[i guess|if you say so]", "[let him|let them] cook", "just got [here|home|off work]", "what did i miss",
		"[first|second|third] time [here|watching]? no, [been here for years|came back]", "it is [{n} am|almost midnight|lunch time] here", "[watching|lurking] from [work|the bus|bed|class]",
		"[its|it is] [raining|snowing|way too hot] here", "chat [moves|moving] [slow|fast] today", "{n} more [tries|minutes|rounds]", "[left|right] side", "try the [other|left|right] one",
		"go [back|left|right|up]", "[check|look at] the [map|menu|clock|chest]", "you can [skip|sell|swap] that", "[that|this] is the {item}", "{boss} is [next|after this|optional]",
		"[ad|ads] [again|lol|brb]", "{nn} [viewers|people|followers] today", "[anyone|someone] [else|here] from [the north|the coast|down under|the mountains]", "[refresh|reload] if it [lags|freezes]",
		"volume is [fine|ok] for me", "[second|third] monitor gang", "[pizza|ramen|cereal|leftovers] for dinner", "{@} same", "{@} [yes|no|maybe|ask later]", "as [expected|usual]", "[interesting|curious]",
		"so [basically|like] the [same|opposite]", "tuesday [moment|feeling]", "[0|1|2] deaths so far", "that counts", "[next|new] game when", "[does not|doesnt] matter", "clip [it|that]", "[noted|taking notes]",
	},
	calmBad: {
		"[meh|mid|ehh]", "[boring|dull] [part|bit]", "this [part|level|section] is [annoying|so slow|pain]", "[not|never] again", "[ugh|oof|yikes|ouch]", "[bad|poor] [luck|choice|rng|timing]",
		"why [tho|though|would you]", "i [hate|dislike] [this part|{area}|{boss}]", "[too|so] many ads", "this [aint|isnt] it", "[unlucky|rip]", "that [hurt|was rough|looked painful]",
		"[sigh|bruh]", "[skill issue|throwing]", "he is [tilted|lost|asleep]", "[wrong|bad] [way|call|idea]", "[nerf|fix] {boss}", "who [designed|made] this", "[lag|laggy] [again|today]", "[no|zero] [loot|luck|help]",
		"so [unfair|dumb|scuffed]", "[i am|im] [tired|sleepy|bored]", "my team is [useless|asleep] too", "worst {item} in the game", "[it was|that was] better [yesterday|last year|before the patch]",
		"[pain|suffering]", "disappointing", "not a fan of [this|the new {item}]", "{@} nobody asked", "[wasted|lost] {nn} minutes", "[stop|quit] [stalling|backseating|spoiling]", "chat is [weird|cranky] today",
	},
	question: {
		"what [game|song|rank|build|font] is this?", "how long [is|was] the [stream|run|break]?", "[when|what time] is the next stream?", "is [this|that] [live|a rerun|hard mode|the dlc]?", "what happened?",
		"how many [tries|hours|deaths] [so far|already]?", "why [not|dont you] [use|take] the {item}?", "who is {boss}?", "[did|has] he [beaten|beat] {boss} [yet|already]?", "what [mic|camera|keyboard|chair] do you [use|have] {host}?",
		"can you [show|explain] [that|it] again?", "{host} how was [your day|the trip|dinner]?", "what is [your|the] plan?", "[any|got any] tips for {game}?", "is {game} [worth it|any good|hard]?", "[do|will] you play {game} again?",
		"anyone know the [song|track|name]?", "where are you from {@}?", "{host} [tea or coffee|cats or dogs|mountains or sea]?", "what does the {item} do?", "[wait|hm] is that [allowed|legal|normal]?", "how old is the {pet}?", "where is the {pet}?",
		"why is [everyone|chat] [laughing|sad|spamming]?", "[what|which] difficulty?", "did i miss it?", "is the [giveaway|poll] still [on|open]?", "{host} favourite [boss|opening|colour|snack]?", "how do i get that [emote|badge]?",
		"what [pc|setup|server] [is this|are you on]?", "can we [see|pet] the {pet}?", "is it [just me|me] or is it [louder|darker|faster]?", "how much is the {item}?",
	},
	answer: {
		"[about|like] {nn} [hours|minutes|tries]", "[yes|yep] since [monday|last week|the start]", "[no|nope] not [yet|anymore]", "its in the [panels|title|description]", "type !commands", "{game} i think", "[he|they] said after the break",
		"[read|check] the title", "tomorrow [same time|evening]", "{n} [times|rounds|left]", "depends on the {item}", "[nobody|no one] knows", "[cats|tea|mountains] obviously", "just [chat|the usual] being weird", "[its|it is] a [secret|meme|long story]",
		"the {item} [heals|doubles damage|opens the gate]", "you can sub or follow for that", "in the discord", "[probably|maybe] [later|tonight]", "his [cat|dog|sister] picked it", "yes it is [live|normal|the dlc]",
	},
	banter: {
		"my [grandma|cat|toaster] plays better {irony}", "sure {host} {irony}", "{host} [was|is] [a bot|an npc|three raccoons in a coat] confirmed", "trust me i am a [doctor|pro|plumber] {irony}", "totally [planned|intended] {irony}", "not even close {irony}",
		"[ban|timeout] {@} {irony}", "{@} [touch|go touch] grass", "i would have [done that|won] {irony}", "{n}head play", "[paid|hired] actor", "this is [peak|prime] [content|cinema]", "[breaking|local] news: {host} [lost the keys|is hungry|missed again]",
		"chat is never wrong {irony}", "my [cat|neighbour] could do that", "[source|proof]? [it was revealed to me in a dream|trust me bro]", "[keyboard|controller] diff", "do not tell {host} about {boss}", "we do not talk about {item}", "[mom|dad] said it is my turn", "{@} is typing [from a fridge|with elbows]",
		"[5|7|9] out of 7 stream", "speedrun [any percent|wrong percent]", "[legend|rumour] has it he is still [walking|loading|stuck]", "POV: you are [late|lost|hungry]", "skill is [temporary|optional], {item} is forever",
	},
	hello: {
		"[hi|hey|hello|heya|yo|hii|hallo|howdy] [chat|everyone|all|{host}|friends|]", "good [morning|evening|afternoon] [chat|{host}|everyone|all]", "[sup|whats up|yoo] {host}", "[hi|hey] {@}", "[im|i am] [back|here|late]", "[made|just made] it {greeting}", "hello from [work|the train|school|the sofa] {greeting}",
		"{greeting} [hi|hello|hey]", "[finally|just] caught a stream {greeting}", "evening all {greeting}",
	},
	firstHello: {
		"[hi|hello|hey] [first time here|new here|im new]", "first time chatter {greeting}", "[just|i just] found this [channel|stream], [looks fun|nice vibes|cool]", "[hello|hi], is this your first [run|playthrough]?", "[long time|been a] lurker[, first message|]", "[hi|hey] [how does this work|can i play|what game is this]?",
		"came from the [clip|front page|short], [love it|hi everyone|its funny]", "my [brother|friend|roommate] [sent|told] me [here|about you]", "[first message|hello] [dont|please do not] bite {greeting}",
	},
	bye: {
		"[gn|good night|gnight] [chat|all|everyone|{host}]", "[bye|cya|see you|laters] [chat|all|tomorrow|{host}]", "[gotta|have to] [go|sleep|work], [gl|have fun|enjoy]", "[bed|work] time [bye|cya|]", "[thanks|ty] for the stream {love}",
	},
	hypeTalk: {
		"let's go~", "LETS GO~", "[omg|oh my god|holy|no way|NO WAY|what~|WHAT]", "yes~!", "YES~", "{hype+}", "[he|they|{host}] did it~", "[insane|crazy|unreal|nuts|cracked|absurd]", "[WOW|wow|wo~w]", "[poggers|pog|pogchamp] moment", "[clip it|CLIP THAT|clip clip clip]", "what a [play|shot|save|comeback|finish|move]",
		"[goat|GOAT|the goat]", "[gg|GG|ggs] [wp|ez|]", "that was [insane|so clean|unreal|perfect|huge|massive]", "W", "[huge|massive|colossal] W", "WW~W", "[first|new] [try|pb|record] [btw|lets go|]", "{boss} is [done|finished|gone|history]", "[world record|wr] pace", "[I WAS HERE|i was here]", "[best|greatest] [moment|clip|run] of the [year|month|stream]",
		"[actually|literally] [shaking|screaming|standing up]", "[how|HOW]~?", "[built|just built] different", "{host} [diff|is him|is so good]", "{hype} {hype} {hype}", "[100|1000] percent [deserved|worth it]", "hype~ {hype}", "it's [happening|real]", "the [timing|aim|read|clutch]!", "clutch {hype}", "my [heart|ears|neighbours]", "[unbelievable|incredible|amazing] {hype}",
		"he [cooked|ate|owned them]", "[never|NEVER] doubted {irony}", "we [won|did it|take those]", "{n}-0 {hype*}", "woo~", "[AAAA~|aaaa~]",
	},
	laughTalk: {
		"lo~l", "[haha~|hahaha|HAHAHA|ahahaha]", "lma~o", "[LMAO|LOL|LMFAO|ROFL]", "{laughter*}", "{laughter+}", "i [cant|can not] [breathe|stop|even] {laughter}", "[im|i am] [crying|dying|dead|wheezing] {laughter}", "[the|that] [face|timing|noise|fall|silence] {laughter}", "[not|NOT] the [cat|chair|{item}|laugh] {laughter}", "[he|bro|{host}] [fell|forgot|panicked|ran away] {laughter}",
		"[actual|real] [comedy|clown moment]", "[sheesh|bruh|bro] {laughter}", "so [funny|bad it is good|dumb] {laughter*}", "[clip|CLIP] {laughter}", "[replay|again|one more time] {laughter}", "[HELP|help] {laughter}", "xd~", "[x|X]D", "kekw", "jajaja~", "kkkkkk~", "555555~", "www~", "my [stomach|sides] {laughter}", "[caught|got him] in 4k {laughter}", "[why|WHY] [is he|did he] [running|singing|like this] {laughter}",
		"[peak|prime] content {laughter}", "never beating the allegations {laughter}", "the delivery {laughter}", "[i spilled|there goes] my [tea|coffee|soup] {laughter}", "{laughter} {laughter}", "[out of|zero] context {laughter}",
	},
	sadTalk: {
		"no~", "NO~", "[rip|RIP|F|f]", "F", "{sorrow*}", "{sorrow+}", "[so|too] [close|sad|unlucky]", "[pain|sadge|heartbreaking|brutal]", "[unlucky|unlucko|oof|ouch]", "[all|after all] that [work|time|progress]", "[im|i am] [crying|sad now|not ok|so sorry]", "[its|it is] ok {host} {sorrow}", "[we|you] [will get|still have] it [next time|tomorrow] {love}", "[gone|lost|over]", "one [hit|pixel|second|move] away", "{nn} [hours|minutes] [gone|for nothing]",
		"why [him|us|now]", "that [hurts|hurt to watch|was painful]", "poor [{host}|guy|{item}]", "take a [break|breath|sip] {host} {love}", "[sorry|so sorry] {host} {love}", "[hugs|big hug] {love}", "L", "LL~", "[robbed|cheated] {sorrow}", "[ff|go next]", "[do not|dont] give up {host}", "it was [going so well|perfect until then]", "[my heart|oh no] {sorrow}", "it's [joever|over]", "sadge moment", "not like this {sorrow}",
		"[rest in peace|farewell] {item}", "he is [silent|gone quiet|staring at the wall] {sorrow}", "cant watch", "[that one|this] stings", "[hold|stay] strong {love}",
	},
	dramaTalk: {
		"[bad|terrible|awful|worst] take", "[thats|that is] [not true|a lie|unfair|so rude|disgusting]", "[stop|just stop] [lying|defending this|it]", "{anger*}", "[unfollowed|unsubbed|im out|leaving]", "[shame|disgrace|embarrassing|pathetic]", "who [asked|cares]", "{@} you are [wrong|clueless|part of the problem]", "{@} [read|listen] before you [type|talk]", "[cringe|so cringe]", "L take", "[massive|huge] L", "ratio", "[apologise|say sorry] already", "[mods|MODS] [wake up|do something|??]",
		"[calm down|relax] chat", "why is [everyone|chat] so [mad|toxic|angry]", "[this|it] is [ridiculous|a joke|so stupid|getting old]", "[hypocrite|fake|two-faced] {anger}", "[i|we] [hate|cant stand] [this|him|that guy]", "worst [stream|take|guest] [ever|this year]", "[nobody|no one] [likes|wants] [this|that guy]", "[dont|do not] [care|engage|feed the troll]", "he [said|did] WHAT {anger}", "[actually|genuinely] [angry|disappointed|done]", "[the|that] [audacity|nerve|excuse]", "[wow|oh] [ok|nice one] {irony}",
		"[booo~|boo~]", "{@} [cope|seethe|mald]", "[scam|scammer|liar]", "[you|he] [knew|lied]", "so [disrespectful|rude|petty]", "[garbage|trash|horrible] [take|behaviour|excuse]", "where is the [apology|proof|receipt]", "[im|i am] so [tired|sick] of this", "[downvote|thumbs down] {anger}", "this [aged badly|ruins it for me]", "{@} [blocked|muted]", "[bias|biased] much?", "stop [shouting|interrupting|yelling] {anger}",
	},
	tenseTalk: {
		"{tension*}", "[careful|slowly|easy]", "[oh no|uh oh|oh boy]", "[please|pls|plz] [no|yes|survive]", "[i|we] [cant|dare not] [watch|look]", "[one|{n}] [more|hp|hit|move] [left|to go|please]", "[holding|no] [my breath|breath]", "[shh|quiet|dont jinx it]", "{host} [focus|breathe|concentrate]", "so [close|tense|scary]", "[my hands|palms] are sweating", "[heal|HEAL|run|RUN|dodge]~", "[wait|WAIT]~", "come on~", "[this is|here] it [comes|goes] {tension}", "[you can|he can] do it", "[dont|do not] [choke|panic|get greedy]",
		"behind you~", "{boss} [is at|has] {nn} [hp|percent]", "[clutch|win] or [cry|bust] {tension}", "[last|final] [life|try|chance] {tension}", "heart rate {nn}0", "{tension} {tension}", "[prayers|praying]~ {tension}", "low time {tension}", "phase {n} {tension}",
	},
	reliefTalk: {
		"[its|we are|sound is|audio is] back", "[better|fixed|works] now", "[yay|finally|at last] {joy}", "[i|we] can [hear|see] you [again|now]", "[ty|thanks] for fixing", "all good now {joy}", "[perfect|loud and clear|crystal clear]", "there we go", "saved {joy}",
	},
	raidHello: {
		"{raider} raid!", "[hi|hello|hey] from {raider} {greeting}", "{raider} RAID {love*}", "[raid|RAID]~ {hype*}", "we come in peace {greeting}", "[brought|we brought] snacks {joy}", "{raider} [sent|sends] [us|love]", "[what|so what] are we [watching|playing]?", "[hiya|heyo] everyone {greeting}", "{count} raiders [reporting in|at the door]", "raid raid raid {hype}", "[new here|followed], [nice place|looks fun] {greeting}", "[tombi|wave|hug] raid {love}",
	},
	raidWelcome: {
		"welcome raiders {love}", "[welcome|hi|hello] [raiders|everyone|new friends] {greeting}", "[wow|omg] [a raid|thanks for the raid] {raider}", "[ty|thanks|thank you] {raider} {love}", "[big|huge] raid {hype}", "so many new [people|faces] {joy}", "[make yourselves|grab a seat, get] comfy {greeting}", "{raider} is the [best|goat]", "[hype|love] [train|raid] {hype*}", "welcome welcome {love*}", "hide the [snacks|{item}], guests {irony}",
	},
	giftThanks: {
		"[ty|thanks|thank you|thx] {gifter} {love}", "W {gifter}", "[thanks|ty] for the [sub|gift|gifted sub] {love}", "{love*}", "{hype*}", "[so|very|super] [generous|kind|nice] {love}", "{gifter} [is rich|is a legend|the goat|carry]", "[i got one|I GOT A SUB|not me again] {joy}", "[dodged|missed me again] {sorrow}", "[gift|sub] [train|bomb|wave] {hype}", "another one {hype}", "[more|who is next]?", "{gifter} {love} {love}", "ads gone {joy}", "[king|queen|hero] {gifter}", "[no way|wow] {count} gifts", "W community",
	},
	soundTrouble: {
		"no [audio|sound]", "[audio|sound]?", "[cant|can not] hear [you|anything]", "{host} [you are|ur] muted", "MUTED", "[mic|MIC]~", "[sound|audio] is [gone|dead|broken]", "[is it|is that] just me or no sound", "no sound for me [either|too]", "[silent|mime] stream {irony}", "unmute~", "[hello|hellooo]? [audio|anyone]", "reading lips {laughter}", "check [your|the] [mic|mixer|cable]", "[deaf|am i deaf] or", "mods tell [him|{host}]", "audio? {tension}", "[still|STILL] no [audio|sound]",
	},
	pictureTrouble: {
		"[frozen|froze|its frozen]", "stream [froze|lagging|died|is a slideshow]", "[black|blue] screen", "[lag|laggy|so laggy]", "{n} fps", "[buffering|loading] [again|for {n} minutes]", "[F|f] stream", "[is it|did it] [frozen|freeze] for [you|everyone]?", "[dropped|dropping] frames", "refresh [chat|everyone] {irony}", "powerpoint stream {laughter}", "[rip|RIP] [internet|bitrate|encoder]", "pixels {sorrow}", "potato [quality|cam] {irony}", "still [lagging|frozen]",
	},
	poll1: {"1", "1", "1", "1", "11~", "1!", "1 [please|pls|obviously|for sure]", "1 {joy}", "[one|ONE]", "1 1 1", "team 1 {hype}"},
	poll2: {"2", "2", "2", "2", "22~", "2!", "2 [please|pls|easily|all day]", "2 {joy}", "[two|TWO]", "2 2 2", "team 2 {hype}", "why not both"},
	breakTalk: {
		"{boredom*}", "[brb|break] music [slaps|is good|goes hard]", "[is he|are you] [back|coming back|gone]?", "[still|STILL] [waiting|here]", "[talk|hello] among ourselves", "chair stream {irony}", "[chair|empty chair] [best|favourite] streamer", "so [how is|how was] everyones day", "what did you [eat|have for dinner]", "i [made|got] [tea|coffee|toast]", "{n} minute break he said {irony}", "[lost|eaten] by the {pet}", "any [films|games|books] to recommend?", "the plant [moved|is new]", "[sleepy|tired] {boredom}", "who is [still here|awake]?", "[quiet|quiet night] in here", "{@} hows it going",
	},
	hateTalk: {
		"this stream is the worst go home", "boo everyone leave this boring channel", "unfollow now this channel is a joke", "nobody likes you close the stream", "worst streamer of the platform lol", "go away nobody wants you here", "terrible stream terrible host terrible chat",
	},
	hateReply: {
		"[ignore|dont mind] them {host} {love}", "[mods|MODS] [on it|ban|go go]", "we love you {host} {love}", "[bots|bots again|spam bots] {anger}", "{love*}", "[good|great] work mods {love}", "[pathetic|sad] [people|bots]", "[bye|banned] {laughter}", "[followers only|slow mode] please", "positive vibes only {love}", "[report|block] and move on", "so childish {anger}", "love wins {love}",
	},
	viewbotTalk: {
		"nice stream", "good stream", "hello streamer", "great content", "very good", "nice gameplay", "hello how are you", "good game", "i like it", "cool", "amazing video",
	},
	togetherTalk: {
		"[hi|hello] [other|both] chat {greeting}", "[double|two] chat[s|] [double|twice the] fun", "which chat is [which|the real one]?", "[collab|crossover] [of the year|finally] {hype}", "your [streamer|chat] is [nice|loud|funny]", "[friendship|best duo] {love}", "chat [A|B] stronger {irony}", "who [invited|are] [these|you] people {irony}", "so many [names|colours] {laughter}", "team work {hype}",
	},
}
