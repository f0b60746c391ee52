def test_the_bare_address_leads_to_the_studio(client):
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_the_address_of_the_guide_leads_to_the_stories(client, owner):
    client.force_login(owner)
    answer = client.get("/admin/ai_video/", follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/stories/story/"
    assert answer.status_code == 200
