package twitchsim

import "sync"

// allPhrases joins the sets of both files.
var allPhrases = sync.OnceValue(func() *[lexes][]string {
	all := phrases
	for l, set := range morePhrases {
		all[l] = append(all[l][:len(all[l]):len(all[l])], set...)
	}
	return &all
})

var morePhrases = map[lexis][]string{
	longTalk: {
		"honestly i came here for the [memes|gameplay|music] and stayed because this is the only chat where people [talk|are kind] like normal humans",
		"back in the old version you could [skip|jump over] the whole of {area} if you had the {item} but they patched it [last year|twice|in spring]",
		"i have been trying the same thing since [monday|last week] and i still can not get past {boss}, how do you make it look so [easy|simple]",
		"fun fact: [otters hold hands|octopuses have three hearts|bananas are berries|honey never goes bad] and that is all i have to say about {boss}",
		"if you [go left|wait a second|save the {item}] there you get more time later, but it is [risky|hard to time|not worth it on this map] so do what feels right",
		"just got out of a [terrible|long|boring] meeting and this is [exactly|just] what i needed, thanks for streaming so late {host}",
		"to be fair the {item} was never [meant|supposed] to be used like that, but it works so [who cares|i wont complain|why not]",
		"my [sister|flatmate|coworker] asked why i was [laughing|yelling] at the screen and now we are both watching, she says hi",
		"i think the trick is to stay calm for the first two phases and only use the {item} when {boss} [turns red|starts to sing|drops the shield]",
		"remember when {host} [lost the {item}|got lost in {area}|forgot the mic was on] for an hour? good times, i still have the clip somewhere",
		"not to be that person, but the [volume|camera|capture] is a bit [low|dark|off] compared to yesterday, still a great stream though",
		"i was having a [rough|bad|long] week and this community really [helped|cheered me up], so thank you everyone",
	},
	pasta: {
		"Good evening, this is the {pet} speaking. I have taken over the stream. My demands are {nn} snacks, one {item} and a nap. {host} may keep {boss}",
		"Hello {host}, I am a professional {item} inspector and I must inform you that yours is expired. Please hand it over to the nearest {pet}. Thank you",
		"⚠️ ATTENTION CHAT ⚠️ the {item} has been stolen by {boss} ⚠️ copy and paste this message to help {host} find it ⚠️",
		"i paid {nn} dollars for this {item} and all i got was a {pet} that judges me every morning {irony} worth it",
		"My name is {host} and I have {nn} hours in {game}. I did not come here to win, I came here to hold the {item} and stare at {boss} {tension}",
		"dear diary, today {host} tried {boss} for the {nn}th time. the chat laughed. the {pet} left the room. i believe in tomorrow {joy}",
		"{hype} RAISE YOUR {item} {hype} IF YOU BELIEVE IN {host} {hype}",
		"if {host} wins this round i will eat my {item}, call my mom, hug my {pet} and go to bed at nine. screenshot this",
		"THEY ASKED FOR A HERO {love} THEY GOT A {pet} {love} THE {pet} DID ITS BEST {love}",
		"As an AFK viewer with two monitors and no sound, I can confirm that this was the greatest {boss} fight I have never heard",
		"🎵 {boss} in the morning, {boss} at night, {host} forgot the {item} and lost the fight 🎵",
		"once upon a time a lurker typed one word in this chat. the word was {item}. nobody has slept since",
		"(╯°□°)╯︵ ┻━┻ GIVE BACK THE {item} (╯°□°)╯︵ ┻━┻",
		"Petition to let the {pet} play {game} instead. Signed: {nn} people and one confused {boss}",
		"this message was approved by the committee for {item} safety. the committee asks: {host} please drink water",
		"(ﾉ◕ヮ◕)ﾉ*:･ﾟ✧ the {item} fairy visits {host} (ﾉ◕ヮ◕)ﾉ*:･ﾟ✧ type yes to keep it",
		"Listen here {host}. I am not mad. I am just disappointed. The {item} was right there. Even the {pet} saw it. Even {boss} pointed at it.",
		"chat can i get a {joy} for {host}, a {love} for the mods and a {sorrow} for the {item} we lost on the way",
	},
	praise: {"W", "W", "W [host|chat|stream|mods]", "WW~", "{host} W", "W W W", "W {hype}"},
	blame:  {"L", "L", "L [take|host|play]", "LL~", "L L L", "F", "F", "F in chat", "FF~", "F {sorrow}"},
	command: {
		"!uptime", "!song", "!discord", "!commands", "!lurk", "!rank", "!points", "!schedule", "!build", "!so {atless}", "!hug {@}", "!dice", "!quote", "!followage", "!settings", "!socials",
	},
	cheerTalk: {
		"take my [bits|energy|money] {love}", "for [the {item} fund|the {pet}|a coffee|the good mood] {love}", "[happy|merry] [birthday|friday|streamiversary] {host} {joy}", "[nice|great] [run|stream|play] {hype}", "for the laughs {laughter}", "[keep|please keep] going {host}", "drink [water|something] {love}",
	},
	actionTalk: {
		"[waves|waves at everyone|sits down|hides|hugs {@}|grabs popcorn|falls off the chair|dances|slowly backs away|sips tea]", "[looks|stares] at {host} [suspiciously|with hope|in confusion]", "[throws|offers] [snacks|a {item}|flowers] [to chat|at {boss}|]", "pets the {pet}", "is [back|now lurking|asleep]",
	},
	resubTalk: {
		"{love*}", "[another|one more] month [of fun|already|lets go] {hype}", "[cant believe|wow] its been that long", "[love|loving] the stream {love}", "[keep it up|best channel] {host}", "for the emotes {joy}", "[happy|glad] to support {love}", "", "", "",
	},
	hostTalk: {
		"[thank you|thanks] all {love}", "back in [two|five|ten] minutes", "[should i|do we] [go left|fight {boss}|take the {item}]?", "[lol|haha] chat", "link is in the panels", "you are all [legends|silly|too kind]", "[mods|mod team] you are the best", "testing", "[sorry|oops]", "no spoilers please {love}",
	},
	announcement: {
		"[Finals|The poll|The giveaway] [starts|opens] in [ten|five] minutes", "Remember to be kind and drink water", "New emotes are [live|out], go look at them", "Next stream: [tomorrow|Thursday|Saturday] at {n} pm", "We are {nn} subs from the goal, thank you all", "No spoilers for {boss} please",
	},
	botTimer: {
		"Enjoying the stream? Follow to see when {host} is live", "Join the community: the link is in the panels below", "Use !commands to see what I can do", "{host} plays {game} today. Be nice to each other", "New here? Say hi, nobody bites", "Remember to stretch and drink water every hour", "The schedule is below the stream: Tuesday, Thursday and the weekend",
	},
	actionGame: {
		"{boss} [hits|moves] so [hard|fast]", "[nice|good|clean] [parry|dodge|headshot|flick|combo]", "use the {item}", "[push|rush|rotate|hold] [now|mid|left]", "[heal|reload|potion] first", "the {item} is [op|broken|bait] here", "[one|two|three] [shot|tapped]", "phase [two|three] is [worse|harder|easy]", "he is [lit|cracked|one hp]", "[loot|grab] the {item}", "{area} is [such a good|the best|the worst] [part|place|idea]", "[aim|movement] is [insane|off|warm] today", "[skip|do] the side quest",
		"[save|SAVE] [the game|first|before {boss}]", "greedy", "{nn} percent [crit|left|done]", "[top|bottom] [lane|floor|ring]", "[respawn|reset] [time|pls]", "that hitbox {irony}", "[git gud|practice]", "[glitch|bug|feature] {irony}", "the [music|soundtrack] in {area}", "level {nn} [already|only]?", "[sneak|stealth] 100", "[camper|campers] [again|everywhere]", "third party [incoming|again]", "[no|zero] damage run when", "[wr|pb] pace?",
	},
	chess: {
		"[knight|bishop|rook|queen|pawn] [f3|e5|d4|g6|c4|h7|b2|a8]", "[Nf3|e4|d5|Qh5|Bxf7|O-O|Rd1|Nxe5|c5|g6]", "[he|white|black] is [winning|lost|better|up a pawn|worse]", "[mate|checkmate] in {n}", "[blunder|blundered|hung] [the queen|a rook|mate]?", "[bongcloud|the {opening}] [when|again|pls]", "[take|trade] the [queen|knight|bishop]", "[dont|do not] take, its [poisoned|a trap|pinned]", "[en passant|google en passant|forced]", "the [pin|fork|skewer] {hype}", "engine says [plus|minus] {n}", "[time|clock] {host}", "{n} seconds left", "[flag|flagged] him", "[brilliant|great|book] move",
		"[stalemate|draw|repetition]?", "[sacrifice|sac] the [rook|exchange|queen] {hype}", "endgame [is easy|technique|lesson] [now|pls]", "[castle|develop] [first|already]", "what about [h4|Rxd5|Qg4|b5]?", "{opening} is [solid|fun|sharp]", "[rating|elo]?", "opponent is [thinking|tilted|sweating]", "pawns are the soul of [chess|snacks]", "the [dark|light] squares are weak", "premove [king|god|fail]", "nice [prep|line|idea]", "that rook is [asleep|a monster]", "passed pawn~", "[resign|resigns]?", "puzzle [rush|time]?",
	},
	cozy: {
		"[so|very] [pretty|cute|relaxing|soft]", "[aww~|aw|awww]", "love the [colours|colors|brush|shading|garden|pattern]", "the {pet} [is so cute|says hi|is asleep] {love}", "[plant|water] the {item}", "more [blue|green|yellow|pink|flowers]?", "[smells|looks] [good|tasty] from here", "recipe [please|pls|when]?", "this [song|tune|playlist] is so [calm|nice|lovely]", "[tea|cocoa|coffee] [time|break|check]", "im [knitting|drawing|baking|doing homework] [along|with you]", "the [tiny|little] [hat|house|frog] {love}", "[sleepy|cosy|rainy day] vibes", "add [butter|salt|glitter|a frog]",
		"[bread|cookies|soup] [looks|is] [done|ready|amazing]", "hydrate {host} {love}", "[happy|little] [trees|accidents]", "your [voice|art|laugh] is [calming|great|so nice]", "finished my [sketch|scarf|essay] {joy}", "good vibes only {love}", "[{pet} sighting|{pet} time] {love*}", "name the [frog|cow|plant] {@}", "that [line|stitch|crust] is [perfect|crisp]", "[study|work] with me stream {joy}", "oops the [paint|milk|yarn]", "take your time", "[can i|may i] have one {joy}", "new [brush|oven|needle] day", "soft launch of [spring|autumn]",
	},
	chatting: {
		"[hot|bold|fair|cold] take", "[source|link|context]?", "{host} [is right|has a point|is wrong here]", "[next|skip] [video|clip|topic]", "[pause|PAUSE]", "[react|reaction] andy {irony}", "he [said|means] the other [guy|clip|one]", "[read|scroll] the comments", "that [headline|title|thumbnail] {irony}", "[tell|finish] the story", "who is [that|this guy|she]?", "{rival} [again|responded|posted|is live]", "did {rival} [apologise|reply|delete it]?", "[tier|ranking] list when", "[popcorn|snacks] ready", "[yap|yapping] session", "[podcast|debate] arc", "[agree|disagree|both are wrong]",
		"[lore|backstory] drop", "[objectively|factually] [true|false]", "[its|thats] just [clickbait|an ad|business]", "{rival} [clip|video|tweet] next", "[chat|guys] [be nice|he can read]", "[what|why] did {rival} [say|do]?", "this [guy|clip] is [old|fake|wild]", "{n} minute rant incoming", "tangent {nn} [today|of the day]", "mods [are|look] [busy|tired] today", "[vote|poll] it", "day {nn} of asking for {rival}",
	},
	spanish: {
		"[hola|buenas|holaa] [chat|a todos|gente|]", "[que|qué] [grande|bueno|crack|locura]", "vamos~", "[jajaja~|jajajaj|xd]", "[no puede ser|madre mía|increíble]", "[qué pasó|qué pasa|cómo va]?", "[muy bien|buenísimo|qué lindo] {joy}", "[qué mal|qué pena|qué triste] {sorrow}", "saludos desde [méxico|argentina|chile|españa|colombia]", "[gracias|mil gracias] {host}", "otra vez lo mismo", "dale~", "[alguien|hay alguien] [habla español|de perú]?", "[ganamos|perdimos] [otra vez|siempre]",
	},
	portuguese: {
		"[oi|opa|salve|fala] [chat|galera|pessoal|]", "[que|muito] [bom|top|lindo|massa]", "[kkkk~|kkkkkkk|rsrs]", "[vamos|bora]~", "[nossa|caraca|meu deus]", "[boa|boaa] {host}", "[que triste|poxa|que azar] {sorrow}", "[alguém|tem] br[ aqui|]?", "saudações de [lisboa|são paulo|recife|porto]", "[obrigado|valeu] {love}", "[não acredito|impossível]", "é isso",
	},
	german: {
		"[moin|hallo|servus|hi] [chat|leute|zusammen|]", "[sehr|echt|richtig] [gut|stark|schön|nice]", "[krass|wahnsinn|alter|digga]", "[haha|lol] [geil|genau|niemals]", "[schade|so ein pech|autsch] {sorrow}", "[weiter so|gut gemacht] {host}", "[was|wie] [ist passiert|bitte|jetzt]?", "grüße aus [hamburg|wien|köln|zürich|dem zug]", "[gute nacht|bis morgen]", "[na klar|genau das|eben]", "[läuft|passt|geht so]", "war ja klar {irony}", "[schlecht|langweilig|nervig] heute",
	},
	french: {
		"[salut|coucou|bonsoir|yo] [chat|tout le monde|]", "[trop|très] [bien|fort|drôle|beau]", "[mdr|ptdr|mdrrr~]", "[allez|go]~", "[dommage|pas de chance|aïe] {sorrow}", "[bravo|bien joué] {host}", "[c'est|c est] [fou|nul|génial|quoi ça]", "[quelqu'un|y a des gens] de [lyon|québec|bruxelles]?", "[merci|merci beaucoup] {love}", "[non|oui]~", "quel [match|jeu|moment] {hype}",
	},
	italian: {
		"[ciao|buonasera|ehi] [chat|a tutti|ragazzi|]", "[che|troppo] [bello|forte|ridere]", "[ahahah~|ahahaha]", "[dai|forza]~", "[peccato|che sfiga|nooo] {sorrow}", "[grande|bravo|bravissimo] {host}", "[cosa|che] [è successo|succede]?", "[grazie|grazie mille] {love}", "saluti da [roma|napoli|torino|bari]",
	},
	polish: {
		"[siema|cześć|hej|elo] [czat|wszystkim|]", "[super|ale|bardzo] [dobre|fajne|ładne]", "[hahaha|xD|xd]", "[dawaj|lecimy]~", "[szkoda|pech|o nie] {sorrow}", "[brawo|dobra robota] {host}", "[co|jak] [się stało|to]?", "[dzięki|dziękuję] {love}", "pozdrowienia z [krakowa|gdańska|łodzi]",
	},
	turkish: {
		"[selam|merhaba] [chat|herkese|]", "[çok|aşırı] [iyi|güzel|komik]", "[hadi|haydi]~", "[yazık|olamaz|eyvah] {sorrow}", "[helal|bravo|eline sağlık] {host}", "[ne|neler] [oldu|oluyor]?", "[teşekkürler|sağ ol] {love}", "[izmirden|ankaradan] selamlar", "asdfghj~",
	},
	russian: {
		"[привет|всем привет|ку|здарова] [чат|]", "[круто|красиво|мощно|топ|огонь]", "[ахаха~|ахах|лол|ору]", "[давай|поехали]~", "[жаль|обидно|эх|не повезло] {sorrow}", "[молодец|красавчик] {host}", "[что|шо] [случилось|тут|было]?", "[спасибо|спс] {love}", "[невероятно|жесть|ничего себе]", "[скучно|ужас|плохо] сегодня", "привет из [минска|казани|риги]", "))~",
	},
	japanese: {
		"[こんにちは|こんばんは|初見です|おはよう]", "[かわいい|すごい|うまい|最高|ナイス]~", "[草|www~|笑]", "[がんばれ|いけ]~", "[残念|惜しい|悲しい] {sorrow}", "[ありがとう|お疲れ様] {love}", "[何|え]?", "[8888~|888888]", "[なるほど|たしかに]", "[やばい|神]~",
	},
	korean: {
		"[안녕하세요|안녕|하이]", "[대박|최고|미쳤다|잘한다]", "[ㅋㅋㅋ~|ㅋㅋㅋㅋㅋ|ㅎㅎ]", "[가자|화이팅]~", "[아쉽다|슬프다|ㅠㅠ~] {sorrow}", "[감사합니다|고마워요] {love}", "[뭐야|진짜]?", "[귀여워|예쁘다] {love}",
	},
	chinese: {
		"[你好|大家好|晚上好]", "[太强了|厉害|好看|牛]", "[哈哈哈~|笑死|233333~]", "[加油|冲]~", "[可惜|难过|唉] {sorrow}", "[谢谢|感谢] {love}", "[什么|怎么了]?", "[好可爱|太棒了] {love}", "666~",
	},
	arabic: {
		"[مرحبا|السلام عليكم|هلا] [شباب|]", "[رائع|جميل|ممتاز|قوي]", "[هههه~|هههههه]", "[يلا|هيا]~", "[للأسف|حزين|خسارة] {sorrow}", "[شكرا|شكراً] {love}", "[ماذا حدث|شو صار]؟", "تحية من [المغرب|مصر|الأردن]",
	},
	hebrew: {
		"[שלום|היי|ערב טוב] [לכולם|]", "[מעולה|יפה|אחלה|חזק]", "[חחח~|חחחחח]", "[יאללה|קדימה]~", "[חבל|עצוב|אוי] {sorrow}", "[תודה|תודה רבה] {love}", "מה [קרה|נשמע]?", "ד״ש מ[חיפה|ירושלים|הצפון]",
	},
}
