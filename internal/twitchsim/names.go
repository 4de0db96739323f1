package twitchsim

// The names of this file are made up, but for those of the two bots, which are
// public services that most channels have.

var botLogins = []string{"nightbot", "streamelements"}

var botNames = map[string]string{"nightbot": "Nightbot", "streamelements": "StreamElements"}

var colors = []string{
	"#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#FF4500", "#2E8B57", "#DAA520", "#D2691E",
	"#5F9EA0", "#1E90FF", "#FF69B4", "#8A2BE2", "#00FF7F", "#FFD166", "#06D6A0", "#118AB2", "#EF476F", "#C77DFF",
}

var nameFirst = []string{
	"Lazy", "Turbo", "Sleepy", "Cosmic", "Salty", "Mellow", "Rusty", "Crispy", "Hollow", "Lucky", "Silent", "Grumpy",
	"Velvet", "Frosty", "Pixel", "Neon", "Wobbly", "Quantum", "Mossy", "Toasty", "Spicy", "Gentle", "Savage", "Tiny",
	"Royal", "Dusty", "Electric", "Feral", "Golden", "Hyper", "Icy", "Jolly", "Keen", "Lunar", "Mighty", "Noble",
	"Odd", "Pale", "Quick", "Rapid", "Shady", "Tidal", "Umber", "Vivid", "Witty", "Xeno", "Young", "Zesty", "Absent",
	"Brave", "Clumsy", "Daring", "Eager", "Fuzzy", "Greedy", "Humble", "Idle", "Jumpy", "Kind", "Loud", "Midnight",
	"Nimble", "Orange", "Paper", "Plain", "Quiet", "Random", "Sunny", "Tired", "Unlucky", "Violet", "Wild", "Yellow",
}

var nameSecond = []string{
	"Otter", "Panda", "Walrus", "Badger", "Falcon", "Gecko", "Heron", "Ibex", "Jackal", "Koala", "Lemur", "Moose",
	"Newt", "Owl", "Pigeon", "Quokka", "Raven", "Sloth", "Tapir", "Urchin", "Viper", "Wombat", "Yak", "Zebra", "Waffle",
	"Noodle", "Pickle", "Muffin", "Biscuit", "Toaster", "Kettle", "Pancake", "Dumpling", "Burrito", "Pretzel", "Cactus",
	"Comet", "Nebula", "Wizard", "Knight", "Goblin", "Ranger", "Paladin", "Druid", "Rogue", "Bishop", "Gambit", "Rook",
	"Tempo", "Rhythm", "Vinyl", "Bass", "Synth", "Circuit", "Pixel", "Vector", "Glitch", "Lag", "Ping", "Frame",
	"Socks", "Bucket", "Ladder", "Spoon", "Blanket", "Lantern", "Teapot", "Window", "Marble", "Button", "Puddle", "Sprocket",
}

var nameTails = []string{"TV", "_tv", "xd", "_x", "HD", "TTV", "_gg", "_irl", "zz", "_alt", "2", "_ow", "Jr", "_dev"}

var syllables = []string{
	"ka", "ri", "mo", "tu", "sha", "zen", "vox", "lin", "dra", "fel", "nor", "bex", "qui", "jun", "tor", "wyn", "pax",
	"ze", "lo", "mi", "ar", "el", "ix", "or", "un", "ba", "ce", "do", "fy", "gu",
}

// otherScripts are names in other scripts than the login's.
var otherScripts = []string{
	"ねむいカワウソ", "はやい亀", "月の猫", "たこ焼き部長", "雨のち晴れ", "졸린고양이", "밤하늘별", "감자튀김", "小熊软糖", "夜猫子先生", "豆漿油條",
	"Тихий_Ёж", "СоннаяСова", "Кот_в_сапогах", "ПельменьМастер", "نجم_الليل", "قهوة_سادة", "חתול_רחוב", "Ήσυχος_Λύκος", "แมวง่วง",
}
