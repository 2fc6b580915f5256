from dataclasses import replace

import pytest

from screener.errors import ConfigurationError
from trainer import recipe


def read(name, *overrides):
    return recipe.read(recipe.find(name), overrides)


def test_the_published_recipe_has_41_epochs_in_three_stages():
    published = read("covid_resnet")
    assert published.epochs == 41
    assert [stage.image_size for stage in published.stages] == [128, 224, 229]
    assert published.stages[2].lr == (1e-6, 1e-4)
    assert published.stages[0].frozen_lr == 1e-3
    assert {stage.batch_size for stage in published.stages} == {32}


def test_our_own_recipe_turns_no_film_upside_down():
    assert {s.augment.flip_vertical for s in read("covid_resnet_scratch").stages} == {0.0}


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_opens_with_the_command_that_runs_it(name):
    assert f"trainer fit {name} --data" in recipe.find(name).read_text()


@pytest.mark.parametrize("name", recipe.names())
def test_a_dumped_recipe_reads_as_itself(name, tmp_path):
    (tmp_path / "r.toml").write_text(recipe.dump(read(name)))
    assert recipe.read(tmp_path / "r.toml") == read(name)


def test_a_name_that_needs_escaping_survives_the_dump(tmp_path):
    odd = replace(read("tiny"), name='a "quoted" \\ name\nof two lines')
    (tmp_path / "r.toml").write_text(recipe.dump(odd), encoding="utf-8")
    assert recipe.read(tmp_path / "r.toml") == odd


def test_overrides_reach_recipe_stage_and_augmentation():
    changed = read(
        "tiny", "seed=7", "stage2.epochs=8", "augment.rotate=3", "stage1.augment.erase=0"
    )
    assert changed.seed == 7
    assert changed.stages[1].epochs == 8
    assert changed.stages[1].augment.rotate == 3.0
    assert changed.stages[0].augment.erase == 0.0


def test_all_errors_are_reported_at_once():
    with pytest.raises(ConfigurationError) as caught:
        read("tiny", "stage1.epochs=-1", "stage2.schedule=linear", "sampling=odd",
             "stage1.colour=1", "stage1.lr=fast",
             "no_such_stage.x=1", "colour=red")  # fmt: skip
    text = str(caught.value)
    for word in ("unknown key 'colour'", "lr must be", "no_such_stage", "schedule"):
        assert word in text


def test_meaning_is_checked_when_types_are_right():
    with pytest.raises(ConfigurationError) as caught:
        read("tiny", "stage1.epochs=-1", "stage2.schedule=linear", "sampling=odd")
    assert len(str(caught.value).splitlines()) == 3


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(ConfigurationError, match=", ".join(recipe.names())):
        recipe.find("zz")
    with pytest.raises(ConfigurationError, match="did you mean 'covid_resnet'"):
        recipe.find("covid-resnet")
    assert {"covid_lite", "covid_lite_soup", "covid_resnet", "tiny"} <= {*recipe.names()}


@pytest.mark.parametrize(
    ("network", "fact"),
    [
        ("timm/tf_efficientnet_lite9", "did you mean timm/tf_efficientnet_lite"),
        ("timm/vit_tiny_patch16_224", "takes no pictures of 32 pixels"),
        ("vgg16", "is not known; write 'covid-resnet50' or 'timm/NAME'"),
    ],
)
def test_a_network_that_cannot_be_had_is_one_error(network, fact):
    with pytest.raises(ConfigurationError, match=fact) as caught:
        recipe.read(recipe.find("tiny"), [f"network={network}"])
    assert "\n" not in str(caught.value)


def test_a_backbone_of_timm_is_a_network():
    chosen = recipe.read(recipe.find("tiny"), ["network=timm/tf_efficientnet_lite0"])
    assert chosen.network == "timm/tf_efficientnet_lite0"


SOUP = """
name = "broth"
[[stages]]
name = "whole"
image_size = 64
epochs = 1
lr = 1e-3
[soup]
members = [{name = "a", set = ["seed=4", "whole.image_size=32"]}, {name = "b"}]
"""


def soup(tmp_path, more=""):
    path = tmp_path / "broth.toml"
    path.write_text(SOUP + more)
    return recipe.read(path)


def test_a_member_is_the_recipe_with_its_own_values(tmp_path):
    first, second = recipe.members(soup(tmp_path))
    assert (first.name, first.seed, first.input_size) == ("broth-a", 4, 32)
    assert (second.name, second.seed, second.input_size) == ("broth-b", 0, 64)
    assert first.soup is None


def test_what_a_member_sets_of_augment_holds_in_every_stage(tmp_path):
    path = tmp_path / "broth.toml"
    own = SOUP.replace('"seed=4"', '"augment.style=0.5"').replace(
        "[[stages]]", "[augment]\nstyle = 0.8\n[[stages]]"
    )
    path.write_text(own)
    first, second = recipe.members(recipe.read(path))
    assert [stage.augment.style for stage in first.stages] == [0.5]
    assert [stage.augment.style for stage in second.stages] == [0.8]


def test_errors_of_a_soup_are_those_of_its_members(tmp_path):
    with pytest.raises(ConfigurationError, match="no member is called 'c'"):
        soup(tmp_path, 'of = ["c"]')
    with pytest.raises(ConfigurationError, match="norms 'guessed'"):
        soup(tmp_path, 'norms = "guessed"')
    (tmp_path / "broth.toml").write_text(SOUP.replace("image_size=32", "sizes=32"))
    with pytest.raises(ConfigurationError, match="soup: a: whole: unknown key 'sizes'"):
        recipe.read(tmp_path / "broth.toml")


def test_a_label_that_is_not_known_cannot_be_learnt(tmp_path):
    with pytest.raises(ConfigurationError, match="aux 'flu' is not one of"):
        soup(tmp_path, '[aux]\n"nih pneumonia" = "flu"')


ODD = """
name = "odd"
seed = "one"
stages = {stages}
{augment}
"""


@pytest.mark.parametrize(
    ("stages", "augment", "facts"),
    [
        ("5", 'augment = "no"', ["augment must be a table, not 'no'", "at least one [[stages]]"]),
        ('["a", {}]', "augment = 1", ["stage number 1 must be a table", "augment must be a table"]),
        ('[{ name = 3, augment = "no" }]', "", ["name must be text, not 3", "lacks 'lr'"]),
        ("[]", "[augment]\nblurr = 1", ["augment: unknown key 'blurr'"]),
        ("[" * 3000 + "]" * 3000, "", ["not a readable recipe"]),
    ],
)
def test_odd_types_are_told_in_the_fields_words(tmp_path, stages, augment, facts):
    (tmp_path / "r.toml").write_text(ODD.format(stages=stages, augment=augment))
    with pytest.raises(ConfigurationError) as caught:
        recipe.read(tmp_path / "r.toml", ["stage9.epochs=1", "augment.x=1", "stages.x=1"])
    for fact in facts:
        assert fact in str(caught.value)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    ("more", "facts"),
    [
        ("soup = 5", ["soup must be a table, not 5"]),
        ("[soup]\nmembers = 5", ["soup: members must be tables, [[soup.members]], not 5"]),
        ("[soup]", ["soup: there must be at least two members"]),
        (
            '[soup]\nof = [5]\nmembers = ["a", {}, {name = 3}, {name = "b", set = [3]}]',
            [
                "soup: member number 1 must be a table, not 'a'",
                "soup: member number 2: lacks 'name'",
                "soup: member number 3: name must be text, not 3",
                "soup: member number 4: set must be a list of texts, not [3]",
                "soup: of must be a list of texts, not [5]",
            ],
        ),
        (
            '[soup]\nmembers = [{name = "../../a"}, {name = ""}]',
            [
                "soup: member number 1: name must be letters, digits, and . + - within, not '../",
                "soup: member number 2: name must be letters, digits, and . + - within, not ''",
            ],
        ),
        ("teachers = 5", ["teachers must be a list of texts, not 5"]),
        ('teachers = ["a", {}]', ["teachers must be a list of texts, not ['a', {}]"]),
        ("held_out_sources = [1]", ["held_out_sources must be a list of texts, not [1]"]),
        ("head = 3", ["head must be text, not 3"]),
        ("aux = {a = 5}", ["aux must be a table of texts, not {'a': 5}"]),
        ("average = 1", ["average must be from 0 to below 1"]),
        ("average = -0.5", ["average must be from 0 to below 1"]),
        (
            "images_per_epoch = -1\nsplit_seed = -1\nstart_seed = -2",
            ["images_per_epoch cannot", "split_seed cannot", "start_seed must be -1, for"],
        ),
    ],
)
def test_odd_values_are_told_once_each_and_nothing_else(tmp_path, more, facts):
    stage = '[[stages]]\nname = "whole"\nimage_size = 64\nepochs = 1\nlr = 1e-3\n'
    top, tail = ("", more) if more.startswith("[") else (more, "")
    (tmp_path / "r.toml").write_text(f'name = "odd"\n{top}\n{stage}{tail}')
    with pytest.raises(ConfigurationError) as caught:
        recipe.read(tmp_path / "r.toml")
    lines = str(caught.value).splitlines()
    for fact in facts:
        assert sum(fact in line for line in lines) == 1, (fact, lines)
    others = [line for line in lines if not any(fact in line for fact in facts)]
    assert all("at least two members" in line for line in others)


@pytest.mark.parametrize("name", ["", "a/b", "../up", "x" * 101, ".hidden"])
def test_a_stages_name_is_that_of_files(name):
    with pytest.raises(ConfigurationError, match="stages: name must be letters, digits"):
        read("tiny", f"stage1.name={name}")


def test_an_empty_stage_is_not_passed_over(tmp_path):
    text = recipe.find("tiny").read_text() + "\n[[stages]]\n"
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigurationError, match="stage number 3: lacks 'name'"):
        recipe.read(tmp_path / "r.toml")


@pytest.mark.parametrize("override", ["seed", "=5", ".seed=1", "stage1.=1", "stage1..lr=1"])
def test_an_override_of_no_key_says_how_one_is_written(override):
    with pytest.raises(ConfigurationError, match=r"write key=value or stage\.key=value"):
        read("tiny", override)


def test_a_name_of_any_length_makes_a_short_message():
    with pytest.raises(ConfigurationError) as caught:
        read("tiny", "a" * 5000 + "=1", "b" * 5000)
    assert len(str(caught.value)) < 600


def test_types_and_meanings_are_told_together():
    with pytest.raises(ConfigurationError) as caught:
        read("tiny", "seed=one", "sampling=odd", "stage1.image_size=-3", "stage9.epochs=1",
             "augment.blurr=1", "augment.erase=7", "stage2.lr=nan", "weight_decay=inf")  # fmt: skip
    text = str(caught.value)
    for fact in (
        "seed must be a whole number", "sampling 'odd'", "stage1: image_size must be from 32",
        "there is no stage9; there are augment, stage1, stage2", "augment: unknown key 'blurr'",
        "stage2: lr must be", "weight_decay must be a number",
    ):  # fmt: skip
        assert text.count(fact) == 1, fact


def test_a_change_beyond_its_range_is_told():
    with pytest.raises(ConfigurationError, match="stage2: augment: erase must be from 0 to 1"):
        read("tiny", "augment.erase=7")


def test_an_augmentation_can_be_set_where_a_recipe_has_none(tmp_path):
    text = recipe.find("tiny").read_text()
    start, end = text.index("[augment]"), text.index("[[stages]]")
    (tmp_path / "r.toml").write_text(text[:start] + text[end:])
    assert recipe.read(tmp_path / "r.toml", ["augment.rotate=3"]).stages[0].augment.rotate == 3.0
