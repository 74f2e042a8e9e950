"""The notes in the templates: each stage in plain words for the person at the canvas."""

DEMO = (
    "## Day to night, right away\n"
    "Press **Run** (Queue). Nothing has to be downloaded: the small model comes with this "
    "pack and runs on any computer.\n\n"
    "It knows street scenes by day, at night, at sunset, in fog, rain and snow, 128 pixels "
    "wide. Your own checkpoint is next: open the template *your checkpoint*."
)
DEMO_WORDS = (
    "**Source prompt**: what the picture shows now.\n\n"
    "**Target prompt**: what it shall show. Change only what shall change: the closer the two "
    "sentences are, the better the rest is kept."
)
DEMO_TRANSLATE = (
    "Two copies of the picture get the same noise. The model looks at one with the source "
    "prompt, at the other with the target prompt, and the picture follows the *difference*: "
    "what both prompts share stays. Every step is corrected towards your edges and the night "
    "pictures that are nearest.\n\n"
    "- too weak: raise **cfg** to 3 or **guided** to 1, lower **tolerance**\n"
    "- too strong, edges move: lower **cfg** to 1.5, raise **structure_weight**\n"
    "- another version of the same: change **noise_seed**"
)
DEMO_LOOK = (
    "**Restore Detail** brings back the fine edges of your picture that the VAE has blurred, "
    "wherever the result still has them.\n\n"
    "Source, result, truth and one of the references side by side. The truth is the same "
    "scene drawn at night; with real photos there is none. No single number is enough: a "
    "result may keep every edge and still not look like night."
)
STEPS = (
    "## The method, one stage at a time\n"
    "Press **Run**, then read from left to right: every stage shows what it did. Uses the "
    "embedded model; swap its loader for *Load Checkpoint* and the scenes for *Load Image* to "
    "work on your own pictures."
)
STEPS_WEIGHTS = (
    "**Correlation factor.** Which latent channels carry the difference between day and "
    "night? The bars tell; channels with a high bar are pulled harder towards the night "
    "later. The two piles of pictures need not show the same places."
)
STEPS_INVERT = (
    "**DDIM inversion** walks from the picture to its seed. **Null text** then finds empty "
    "prompts with which guided sampling comes back to the picture.\n\n"
    "Look at the check beside it before going on: if it does not look like the source, no later "
    "stage can help. Raise *refine* or *steps*, or describe the source better. *negative "
    "prompt* is the quick method; choose *null-text* for the exact, slow one."
)
STEPS_SEED = (
    "**Seed translation** changes the seed itself, a little, ten times: so that what grows "
    "out of it has the source's edges and the night's colours. The curve should fall.\n\n"
    "Beside it: plain sampling from the new seed, without the last stage."
)
STEPS_TRAJECTORY = (
    "**Trajectory optimisation** samples from the seed and corrects the steps: edges of the "
    "source, colours of the night. The translated seed holds the first ones, so *start* is 0.4; "
    "without stage 4 set it to 0.\n\n"
    "- edges move: raise *structure_weight*\n"
    "- not night enough: raise *appearance_weight* or *learning_rate*\n"
    "- grainy: lower *learning_rate*, or let *end* be 0.8"
)
FIND = (
    "## Find my settings\n"
    "Press **Run**. The same two scenes are translated under nine settings, and one sheet shows "
    "them side by side. Nothing has to be downloaded.\n\n"
    "For your own checkpoint: put a *Load Checkpoint* in the place of the demo model and *Load "
    "Image* in the place of the scenes. One or two pictures are enough."
)
FIND_WORDS = (
    "Source and target prompt, as for *Difference Path*: the settings that are found belong to "
    "your model and to this kind of change."
)
FIND_SHEET = (
    "**structure**: how far edges stay (1 is the same). **look**: share of the way to the target's "
    "look (1 is all of it). **evaluations**: what a picture costs.\n\n"
    "Blue frames: no other cell is better in everything. Green: the choice, which is the first "
    "cell where it is good enough. The numbers tell what is too little, your eyes what is best: "
    "put the number of the cell you like into **choose** and run again; nothing is computed "
    "twice.\n\n"
    "*others* tries more settings, one a line: `tolerance: 0.25 0.5`"
)
FIND_USE = (
    "The chosen settings on other scenes: *preset* takes the place of this node's own settings. "
    "*Save Preset* keeps them for other graphs (*Load Preset*) and for the command line."
)
STEPS_LOOK = (
    "To try the null text of stage 3, connect it to *null_text* of Trajectory Optimize: more of "
    "the look, at the price of edges."
)
START = (
    "## Start here\n"
    "Press **Run**. A street by day becomes the same street at night. Nothing has to be "
    "downloaded: a small model comes with this pack and runs on any computer.\n\n"
    "**Change first**: the words at *what it shall be* and, to match, **domain** at *pictures of "
    "the look*: a street in the snow, in the rain, in fog, at sunset."
)
START_RESTYLE = (
    "**What it is now**: the picture in a short sentence. **What it shall be**: the same sentence, "
    "and only what shall change is changed.\n\n"
    "- too weak: raise **strength** to 1.5 or 2\n"
    "- too much, or edges move: **strength** 0.5, **keep_structure** 1.5 or 2\n"
    "- lamps or stars drawn anew are faint: lower **keep_structure**\n"
    "- another version: change **noise_seed**\n"
    "- to try things quickly: **quality** draft"
)
START_LOOK = (
    "Your picture, and what became of it, in its own size and with its own fine detail. The report "
    "says with which settings.\n\n"
    "Next: the template *your checkpoint*. The detailed nodes behind this one are in *demo day to "
    "night*."
)
OWN = (
    "## Your checkpoint, your photo\n"
    "1. Choose a Stable Diffusion 1.x, 2.x or XL checkpoint. If you have none, the editor offers "
    "one.\n"
    "2. Choose the photo to change.\n"
    "3. Choose a photo of the look you want: another place is fine.\n"
    "4. Write what it is now and what it shall be, and press **Run**."
)
OWN_RESTYLE = (
    "**Change first**: the two sentences. Short and true beats long and poetic.\n\n"
    "**megapixels**: 0.25 for SD 1.x, 0.56 for SD 2.1 at 768, 1 for XL. Larger photos are worked "
    "on at so many and given back in their own size.\n\n"
    "- too weak: raise **strength** to 1.5 or 2\n"
    "- too much, or edges move: **strength** 0.5, **keep_structure** 1.5 or 2\n"
    "- only a part shall change: connect a mask to **mask**, see *only the sky*\n"
    "- settings found by *find my settings*: *S2ST Load Preset* into **preset**\n"
    "- several photos of the look: *S2ST Make Look* into **look**"
)
OWN_LOOK = (
    "The result is saved in ComfyUI's output folder. The report says at which size the photo was "
    "worked on and with which settings."
)
SKY = (
    "## Only the sky\n"
    "Press **Run**. The sky turns to sunset, and every pixel outside the mask stays as it is.\n\n"
    "**Change first**: the words, and **first** for another scene."
)
SKY_MASK = (
    "Here the sky is found by its blue: what is brighter than **value** in the blue channel, "
    "without thin lines and a pixel beyond its edges.\n\n"
    "In a photo of yours, paint it: right-click *Load Image*, *Open in MaskEditor*, paint over the "
    "sky, and connect the node's *MASK* to **mask** of *Restyle*."
)
SKY_RESTYLE = (
    "**mask**: white may change, black stays. Soft edges fade; any size is taken.\n\n"
    "Say what the whole picture is and shall be, not the sky alone."
)
FILM = (
    "## A film\n"
    "1. Choose a short film and a checkpoint.\n"
    "2. Choose one photo of the look: one look and one noise serve all frames.\n"
    "3. Write what it is now and what it shall be, and press **Run**. The sound is kept.\n\n"
    "All frames are in memory at once: begin with two seconds."
)
FILM_RESTYLE = (
    "**Change first**: **quality** draft, until words and look are right.\n\n"
    "Frames are changed one by one, so they may flicker. Long films, and steadier ones, are a "
    "command: `python -m s2st translate --source film.mp4`."
)
FILM_SAVE = (
    "The frames are joined again with the film's own frame rate and sound and saved in ComfyUI's "
    "output folder."
)
MANY = (
    "## A folder\n"
    "1. Put the pictures into a folder inside ComfyUI's *input* folder, press **R**, choose it in "
    "*Load Image Dataset from Folder*. Their sizes may differ.\n"
    "2. Choose a checkpoint and a photo of the look, write the two sentences.\n"
    "3. Press **Run**: one picture after the other is changed, under one look."
)
MANY_RESTYLE = (
    "**Change first**: the sentences; they must fit all pictures of the folder, so keep them "
    "general.\n\nTry a folder of two or three pictures before you run hundreds."
)
MANY_SAVE = (
    "Results are numbered in the folder's order and do not keep their names. With names, to be "
    "stopped and taken up again, it is a command: `python -m s2st translate --source folder`."
)
ONCE = (
    "## Invert once, many prompts\n"
    "**First run**: press **Run**. Group A inverts the scenes and saves the *trajectory* in "
    "ComfyUI's output folder. The grey groups B sleep.\n\n"
    "**After that**: wake each group B (right-click its title, *Set Group Nodes to Always*), "
    "press **R** to read the list of files, choose the file in *Load Trajectory*, and run as "
    "often as you like, today or next week: the scenes are never inverted again."
)
ONCE_CHECK = "What the seed gives back with the source prompt: it should look like the source."
ONCE_LOAD = "Choose the file that group A has saved. Press **R** if the list is old."
PAINT = (
    "## Strokes become a street\n"
    "Press **Run**. *Make Strokes* paints four scenes in a few flat colours, as a hand might block "
    "them in; the small model that comes with this pack paints a street over them.\n\n"
    "For strokes of your own, put *Load Image* in its place."
)
PAINT_WORDS = (
    "Say what the picture shall show, and name the things that you have painted: a stroke is a "
    "colour at a place, and the words say what it is."
)
PAINT_PAINT = (
    "The strokes are noised and denoised again and again: each time the picture gets more real. "
    "In between it is moved until, blurred, it is your strokes.\n\n"
    "- strokes are ignored: raise **faithfulness** to 4 or 8, or lower **strength** to 0.3\n"
    "- it looks like the strokes: raise **rounds** to 10 or **strength** to 0.5, or lower "
    "**faithfulness** to 1\n"
    "- only a part is painted: connect a mask to **painted**\n"
    "- another version of the same: change **noise_seed**"
)
PAINT_OWN = (
    "## Your checkpoint, your strokes\n"
    "1. Choose a Stable Diffusion 1.x, 2.x or XL checkpoint.\n"
    "2. Draw flat colours in any paint program (newer ComfyUI has a *Painter* node) and load them, "
    "or put *S2ST Make Strokes* behind a photo.\n"
    "3. Write what it shall show and press **Run**.\n\n"
    "**megapixels**: 0.25 for SD 1.5 (about 512 x 512), 1.0 for XL."
)
WORDS = (
    "## A phrase for each colour\n"
    "Press **Run**. The model paints over the strokes, and the words *trees* and *tall buildings* "
    "keep to the places that have their colours."
)
WORDS_REGIONS = (
    "Each *Region Prompt* is a phrase and a colour of the strokes (or a mask). Chain them from the "
    "bottom to the top: where two overlap, the later one wins.\n\n"
    "A colour that is not there is refused with the colours that are."
)
WORDS_PROMPT = (
    "The whole picture in words. Both outputs go on: the *held model* holds the words of this "
    "*positive* prompt to their places, in any sampler.\n\n"
    "- too weak: raise **strength** to 2\n"
    "- patches or static: lower **strength**, raise **end**"
)
LIKE = (
    "## Like that photo\n"
    "Press **Run**. Four scenes by day take the look of one picture of another street at night: "
    "its sky for theirs, its road for theirs. Nothing tells the nodes what is sky; the small model "
    "that comes with this pack knows by itself.\n\n"
    "Change **first** at *that photo*, or its **domain** and the words."
)
LIKE_WORDS = (
    "Describe your picture as it is, and what *that photo* shows. What both have in common stays."
)
LIKE_MATCH = (
    "Every place of *that photo* has a colour; in your picture each place wears the colour of what "
    "it was found to be like. Sky under a road's colour means that the photo has no such sky: take "
    "another, or several as one batch."
)
LIKE_TRANSLATE = (
    "- follow the photo less: lower **matching**\n"
    "- patches of the photo show through: raise **grain** (2 to 4)\n"
    "- it looks flat: lower **temperature** to 0.02\n"
    "- a look from many photos: connect a batch of them; each place takes from those that fit"
)
LIKE_OWN = (
    "## Your photos, your checkpoint\n"
    "1. Choose a Stable Diffusion 1.x, 2.x or XL checkpoint.\n"
    "2. Load your photo and *that photo*. They need not be of one size or place.\n"
    "3. Write the two prompts and press **Run**.\n\n"
    "**megapixels**: 0.25 for SD 1.5 (about 512 x 512), 1.0 for XL."
)
LABELS = (
    "## A scene from a label map\n"
    "Press **Run**. Four label maps become streets in the look of one picture. The small network "
    "that comes with this pack has learnt what is like what; no diffusion model runs.\n\n"
    "Change **domain** or **first** at *that photo*. To draw a map of your own, load a picture in "
    "the colours of the *legend*."
)
LABELS_MAKE = (
    "- what the photo does not show is guessed from the map alone\n"
    "- **rematches**: how often the forming scene is matched with the photo again\n"
    "- other variants: change **noise_seed**"
)
LABELS_LOOK = (
    "First what the last match has brought from the photo, place by place; then the scenes that "
    "the network makes of it, in which everything the photo lacks is its own."
)
TRANSLATOR = (
    "## One answer, and many\n"
    "Press **Run**. A small network that was trained on scenes like these, no diffusion model, "
    "turns photos into label maps and label maps into photos."
)
TRANSLATOR_ONE = (
    "A photo has one right label map, so there is no style here and no seed: the same photo always "
    "gives the same map."
)
TRANSLATOR_MANY = (
    "A label map has many right photos. Each **style_seed** is another look, the same for every "
    "picture; *reference* takes the look of photos that you connect."
)
