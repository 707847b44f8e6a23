"""What stands between the facts of a made session: questions that anybody asks, and what an assistant answers."""

from __future__ import annotations

SMALL_TALK = (
    ("How do I peel a boiled egg neatly?", "Start at the blunt end, under running water."),
    ("What is a good first line for a toast?", "The one that makes the couple laugh; keep it under ten words."),
    ("Can I wash a feather pillow?", "Yes, gently, and dry it for longer than you think."),
    ("How do I keep scissors sharp?", "Never cut paper with the ones for cloth."),
    ("Is it true that bees recognise faces?", "In trials they learned to tell pictures of faces apart."),
    ("Why do onions make one cry?", "Cutting them frees a sulphur compound that turns to acid in the eye."),
    ("How do I get candle wax out of a tablecloth?", "Freeze it, break off what you can, and iron it through paper."),
    ("Which way should a bookshelf face?", "Away from the sun, so that the spines keep their colour."),
    ("Is tap water good for ferns?", "If it is soft. Where it is hard, rainwater suits them better."),
    ("What is a polite way to leave a party early?", "Thank the host, name an early morning, and go at once."),
    ("How can I remember people's names?", "Say the name back when you hear it, and once more when you part."),
    ("Do cats mind being moved to another house?", "For a week or two. Keep them in one room at first."),
    ("Why does bread go stale faster in the fridge?", "The starch crystallises more quickly in the cold."),
    ("What do I say to people who are late?", "Tell them kindly when you will start without them."),
    ("How do I stop a door from creaking?", "A drop of oil on each hinge, or a little candle wax on the pin."),
    ("Can one freeze cream?", "For cooking, yes. It will not whip well afterwards."),
    ("What is the best way to fold a fitted sheet?", "Tuck the corners into each other, and fold it in thirds."),
    ("Does reading in poor light harm the eyes?", "It tires them, but it does no lasting harm."),
    ("How do I descale a kettle?", "Boil water with a spoonful of citric acid, wait ten minutes, and rinse."),
    ("Why is the sky red in the evening?", "The light comes a long way through the air, and the blue is lost."),
    ("What can I do with too many courgettes?", "Grate them into cakes, pickle them, or give them to the neighbours."),
    ("Is it rude to answer a letter by phone?", "Not at all, if you say how glad you were to have it."),
    ("How often should one turn a mattress?", "Twice a year, head to foot."),
    ("What is the difference between jam and marmalade?", "Marmalade is made of citrus fruit, with the peel in it."),
    ("How do I know that a melon is ripe?", "It smells sweet at the stalk and gives a little when pressed."),
    ("Can I water plants with cold coffee?", "Now and then, thinned, for those that like acid soil."),
    ("What helps against hiccups?", "Holding your breath, or drinking slowly; nobody quite knows why."),
    ("Why do leaves turn yellow?", "The green fades first, and the yellow was there all along."),
    ("How do I start a conversation on a train?", "Ask about something that both of you can see."),
    ("Is a wooden chopping board less clean than a plastic one?", "No, if it is dried standing up."),
    ("What do you do with a jar that will not open?", "Warm the lid under the tap, and try again with a cloth."),
    ("How can I sleep better when it is hot?", "Cool your wrists and feet, and keep the curtains drawn by day."),
    ("Do fish sleep?", "They rest, with open eyes, and some hide to do it."),
    ("How do I get the smell of smoke out of a coat?", "Hang it in moist air for a night, then brush it."),
    ("What is the use of a thimble?", "It saves the finger that pushes the needle."),
    ("Why is my soup too salty?", "It may have boiled down. Add water; a raw potato does little."),
)  # fmt: skip
ASKED_ABOUT = (
    "What can you tell me about {topic}?", "Could you read me something about {topic}?",
    "I have been wondering about {topic}. Do you have a few lines on it?", "Tell me a little about {topic}, please.",
    "Is there anything about {topic} that I should read?", "Please find me a paragraph about {topic}.",
)  # fmt: skip
GREETINGS = (
    ("Hello again.", "Hello. What can I do for you?"), ("Good morning.", "Good morning. How may I help?"),
    ("It is me once more.", "Welcome back."), ("Hi, do you have a minute?", "Of course. Go ahead."),
    ("Good evening.", "Good evening. What is on your mind?"), ("Hello, I am back.", "Good to hear from you."),
)  # fmt: skip
BEFORE_A_FACT = (
    "", "", "", "One more thing.", "Before I forget.", "Something for your memory.", "Here is some news.",
    "By the way.", "You asked me to keep you informed.",
)  # fmt: skip
AFTER_A_FACT = (
    "",
    "",
    "",
    "Please keep that in mind.",
    "Just so that you know.",
    "That is all for now.",
    "Make a note of it.",
)
NOTED = (
    "Noted.", "I will keep that in mind.", "Thank you, I have it.", "I have made a note of it.", "Good to know.",
    "Thank you for telling me.", "I will remember.", "Understood.",
)  # fmt: skip
